package dev.drover.worker.rules;

import dev.cel.common.CelAbstractSyntaxTree;
import dev.cel.common.CelValidationException;
import dev.cel.common.CelValidationResult;
import dev.cel.common.ast.CelExpr;
import dev.cel.common.ast.CelExpr.ExprKind.Kind;
import dev.cel.common.types.CelType;
import dev.cel.common.types.CelTypes;
import dev.cel.common.types.NullableType;
import dev.cel.compiler.CelCompiler;
import dev.cel.runtime.CelEvaluationException;
import dev.drover.wire.plan.Finding;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Checks and plans expressions over the fields of one layout. For one thread. */
final class Expressions {
  /** Reason of a finding about an expression. */
  static final String REASON = "ExpressionInvalid";

  private final RecordLayout layout;
  private @Nullable CelCompiler compiler;

  Expressions(RecordLayout layout) {
    this.layout = layout;
  }

  /** What became of an expression's text. */
  sealed interface Result {
    /** It can run. */
    record Compiled(Expression expression) implements Result {}

    /** It can't, and the findings say why. */
    record Refused() implements Result {}

    /** It reads a field of a step that was refused, so that nothing can be said of it. */
    record Unjudged() implements Result {}
  }

  /**
   * Compiles an expression.
   *
   * @param path where its text stands
   * @param everyTable whether its step is for every table, for the advice to name some
   * @param findings told what is wrong with it
   */
  Result compile(String text, String path, boolean everyTable, Consumer<Finding> findings) {
    CelValidationResult checked = compiler().compile(text);
    if (checked.hasError()) {
      IssueText words = new IssueText(layout, everyTable);
      checked
          .getErrors()
          .forEach(issue -> findings.accept(Finding.error(REASON, path, words.of(issue))));
      return new Result.Refused();
    }
    try {
      return plan(checked.getAst(), path, findings);
    } catch (CelValidationException | CelEvaluationException e) {
      throw new IllegalStateException("CEL cannot plan what it has checked: " + text, e);
    }
  }

  private Result plan(CelAbstractSyntaxTree ast, String path, Consumer<Finding> findings)
      throws CelEvaluationException {
    CelExpr root = ast.getExpr();
    if (shadowsVariable(root)) {
      findings.accept(
          Finding.error(
              REASON, path, "record and table can't be variables of a macro; choose another name"));
      return new Result.Refused();
    }
    List<Finding> constants = new ArrayList<>();
    new Constants(ast)
        .check(
            root,
            (id, wrong) ->
                constants.add(
                    Finding.error(REASON, path, IssueText.at(ast.getSource(), id) + wrong)));
    if (!constants.isEmpty()) {
      constants.forEach(findings);
      return new Result.Refused();
    }
    Set<String> fields = FieldReferences.in(root);
    for (String name : fields) {
      RecordLayout.Field field = layout.find(name);
      if (field != null && !field.known()) {
        return new Result.Unjudged();
      }
    }
    boolean nullable = new Nullness(layout, ast.getTypeMap()).mayBeNull(root);
    return new Result.Compiled(
        new Expression(
            Dialect.program().createProgram(ast), root, ast.getResultType(), nullable, layout));
  }

  /** A type as users write it. */
  static String name(CelType type) {
    CelType target = type instanceof NullableType either ? either.targetType() : type;
    return IssueText.readable(CelTypes.format(target));
  }

  private static boolean shadowsVariable(CelExpr expr) {
    if (expr.getKind() == Kind.COMPREHENSION) {
      Set<String> reserved = Set.of(Dialect.RECORD, Dialect.TABLE);
      if (reserved.contains(expr.comprehension().iterVar())
          || reserved.contains(expr.comprehension().iterVar2())) {
        return true;
      }
    }
    return FieldReferences.operands(expr).stream().anyMatch(Expressions::shadowsVariable);
  }

  private CelCompiler compiler() {
    CelCompiler made = compiler;
    if (made == null) {
      made = Dialect.compiler(layout);
      compiler = made;
    }
    return made;
  }
}
