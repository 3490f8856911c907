package dev.drover.worker.rules;

import dev.cel.common.ast.CelExpr;
import dev.cel.common.ast.CelExpr.ExprKind.Kind;
import dev.cel.common.values.ErrorValue;
import dev.cel.common.values.NullValue;
import dev.cel.runtime.CelEvaluationException;
import dev.cel.runtime.CelEvaluationListener;
import dev.drover.wire.schema.Column;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Finds out which part of an expression failed for a record, and which fields it reads, and says so
 * without any value: the evaluator's own messages quote operands. Runs the expression a second
 * time, watched, which only failing records pay for.
 */
final class Blame {
  private final RecordLayout layout;
  private final @Nullable Object[] slots;

  Blame(RecordLayout layout, @Nullable Object[] slots) {
    this.layout = layout;
    this.slots = slots;
  }

  /** Evaluates the failed expression again, telling a listener of each part that has a value. */
  @FunctionalInterface
  interface Retrace {
    @Nullable Object run(CelEvaluationListener listener) throws CelEvaluationException;
  }

  /** Why an expression, whose evaluation ended in {@code error}, has no value. */
  RuleFailure of(CelExpr root, CelEvaluationException error, Retrace retrace) {
    Map<Long, Object> values = new HashMap<>();
    try {
      retrace.run((part, value) -> values.put(part.id(), value));
    } catch (CelEvaluationException expected) {
      // The same failure again; what has a value was noted on the way.
    }
    CelExpr culprit = culprit(root, values);
    for (Throwable cause = error.getCause(); cause != null; cause = cause.getCause()) {
      if (cause instanceof RuleFailure failure) {
        return of(failure.text(), culprit);
      }
    }
    return switch (error.getErrorCode()) {
      case OVERLOAD_NOT_FOUND, INTERNAL_ERROR, INVALID_ARGUMENT -> unfitOperand(culprit, values);
      case DIVIDE_BY_ZERO -> of("division by zero", culprit);
      case NUMERIC_OVERFLOW -> of("a number out of range", culprit);
      case BAD_FORMAT -> of("a value of the wrong form" + by(culprit), culprit);
      case INDEX_OUT_OF_BOUNDS -> of("an index out of bounds" + by(culprit), culprit);
      case ATTRIBUTE_NOT_FOUND -> of("no such key", culprit);
      case DUPLICATE_ATTRIBUTE -> of("a key twice in one map", culprit);
      case ITERATION_BUDGET_EXCEEDED ->
          of("more than " + Dialect.MAX_ITERATIONS + " iterations", culprit);
      case AMBIGUOUS_OVERLOAD, TYPE_NOT_FOUND -> of("no result" + by(culprit), culprit);
    };
  }

  /** Why an expression that gave null is no condition. */
  RuleFailure ofNull(CelExpr condition) {
    Set<String> fields = FieldReferences.in(condition);
    return nullOperand("a condition that is null", fields.stream().filter(this::isNull).toList());
  }

  private RuleFailure unfitOperand(CelExpr culprit, Map<Long, Object> values) {
    List<String> nulls = new ArrayList<>();
    List<String> beyond = new ArrayList<>();
    boolean anyNull = false;
    for (CelExpr operand : FieldReferences.operands(culprit)) {
      Object value = values.get(operand.id());
      anyNull |= value instanceof NullValue;
      if (value instanceof NullValue || culprit.getKind() == Kind.COMPREHENSION) {
        addFields(operand, this::isNull, nulls);
      } else if (value instanceof BeyondTime) {
        addFields(operand, field -> cel(field) instanceof BeyondTime, beyond);
      }
    }
    if (!nulls.isEmpty()) {
      return nullOperand("operation on a null value", nulls);
    }
    if (anyNull) {
      return of("operation on a null value", culprit);
    }
    return beyond.isEmpty()
        ? of("no result" + by(culprit) + " with these values", culprit)
        : failure("operation on " + BeyondTime.TEXT, beyond);
  }

  private static void addFields(CelExpr expr, Predicate<String> which, List<String> to) {
    FieldReferences.in(expr).stream().filter(which).filter(f -> !to.contains(f)).forEach(to::add);
  }

  private static RuleFailure nullOperand(String text, List<String> nulls) {
    return switch (nulls.size()) {
      case 0 -> new RuleFailure(text);
      case 1 ->
          new RuleFailure(nulls.getFirst(), text + ": field " + nulls.getFirst() + " is null");
      default ->
          new RuleFailure(
              nulls.getFirst(), text + ": fields " + String.join(", ", nulls) + " are null");
    };
  }

  private static RuleFailure of(String text, CelExpr culprit) {
    return failure(text, List.copyOf(FieldReferences.in(culprit)));
  }

  private static RuleFailure failure(String text, List<String> fields) {
    return switch (fields.size()) {
      case 0 -> new RuleFailure(text);
      case 1 -> new RuleFailure(fields.getFirst(), text + " (field " + fields.getFirst() + ")");
      default ->
          new RuleFailure(fields.getFirst(), text + " (fields " + String.join(", ", fields) + ")");
    };
  }

  private static String by(CelExpr culprit) {
    if (culprit.getKind() != Kind.CALL) {
      return "";
    }
    String function = culprit.call().function();
    return Character.isLetter(function.charAt(0)) ? " for " + function + "(...)" : "";
  }

  /** The innermost part without a value whose own parts, as far as it asked for them, have one. */
  private static CelExpr culprit(CelExpr expr, Map<Long, Object> values) {
    if (expr.getKind() == Kind.COMPREHENSION) {
      CelExpr range = expr.comprehension().iterRange();
      return hasValue(range, values) ? expr : culprit(range, values);
    }
    if (FieldReferences.field(expr).isPresent()) {
      return expr;
    }
    List<CelExpr> operands = FieldReferences.operands(expr);
    if (expr.getKind() == Kind.CALL && expr.call().function().equals("_?_:_")) {
      operands =
          values.get(operands.getFirst().id()) instanceof Boolean first
              ? List.of(operands.get(first ? 1 : 2))
              : operands.subList(0, 1);
    }
    return operands.stream()
        .filter(operand -> !hasValue(operand, values))
        .findFirst()
        .map(operand -> culprit(operand, values))
        .orElse(expr);
  }

  private static boolean hasValue(CelExpr expr, Map<Long, Object> values) {
    Object value = values.get(expr.id());
    return expr.getKind() == Kind.CONSTANT || (value != null && !(value instanceof ErrorValue));
  }

  private boolean isNull(String name) {
    RecordLayout.Field field = layout.find(name);
    return field != null && slots[field.slot()] == null;
  }

  private @Nullable Object cel(String name) {
    RecordLayout.Field field = layout.find(name);
    Column column = field == null ? null : field.column();
    return field == null || column == null ? null : CelForm.of(column.type(), slots[field.slot()]);
  }
}
