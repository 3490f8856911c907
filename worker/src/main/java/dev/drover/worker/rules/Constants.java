package dev.drover.worker.rules;

import com.google.re2j.Pattern;
import com.google.re2j.PatternSyntaxException;
import dev.cel.common.CelAbstractSyntaxTree;
import dev.cel.common.ast.CelConstant;
import dev.cel.common.ast.CelExpr;
import dev.cel.common.ast.CelExpr.ExprKind.Kind;
import dev.cel.runtime.CelEvaluationException;
import java.util.List;
import java.util.function.BiConsumer;

/**
 * Finds the calls in an expression that fail for every record because all they are given is written
 * in the expression itself: {@code timestamp('yesterday')}, {@code decimal('1,5')}, {@code 1 / 0},
 * or {@code matches} with what is no regular expression.
 */
final class Constants {
  private final CelAbstractSyntaxTree ast;

  Constants(CelAbstractSyntaxTree ast) {
    this.ast = ast;
  }

  /**
   * Checks an expression's parts.
   *
   * @param findings told the id of each call that always fails, and what is wrong with it
   */
  void check(CelExpr expr, BiConsumer<Long, String> findings) {
    List<CelExpr> operands = FieldReferences.operands(expr);
    if (expr.getKind() == Kind.CALL && !operands.isEmpty()) {
      if (operands.stream().allMatch(operand -> operand.getKind() == Kind.CONSTANT)) {
        checkValue(expr, findings);
      } else if (expr.call().function().equals("matches")) {
        checkPattern(expr, operands.getLast(), findings);
      }
    }
    operands.forEach(operand -> check(operand, findings));
  }

  private void checkValue(CelExpr expr, BiConsumer<Long, String> findings) {
    try {
      Dialect.program()
          .createProgram(
              CelAbstractSyntaxTree.newCheckedAst(
                  expr, ast.getSource(), ast.getReferenceMap(), ast.getTypeMap()))
          .eval();
    } catch (CelEvaluationException e) {
      findings.accept(expr.id(), alwaysFails(expr.call().function()));
    }
  }

  private static String alwaysFails(String function) {
    return switch (function) {
      case "timestamp" ->
          "no timestamp; write it as timestamp('2024-01-31T00:00:00Z'), years 1 to 9999";
      case "duration" -> "no duration; write it as duration('1h30m'), up to some 290 years";
      case "decimal" -> "no decimal number; write it as decimal('1234.50')";
      default ->
          Character.isLetter(function.charAt(0))
              ? function + "(...) has no value for what it is given here"
              : "this fails for every record, as it fails for these constants";
    };
  }

  private static void checkPattern(
      CelExpr call, CelExpr pattern, BiConsumer<Long, String> findings) {
    if (pattern.getKind() == Kind.CONSTANT
        && pattern.constant().getKind() == CelConstant.Kind.STRING_VALUE) {
      try {
        Pattern.compile(pattern.constant().stringValue());
      } catch (PatternSyntaxException e) {
        findings.accept(
            call.id(), "matches(...) is given no regular expression of RE2: " + e.getDescription());
      }
    }
  }
}
