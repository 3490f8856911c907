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
        return failure(failure.text(), FieldReferences.in(culprit));
      }
    }
    return switch (error.getErrorCode()) {
      case OVERLOAD_NOT_FOUND -> unfitOperand(culprit, values);
      case DIVIDE_BY_ZERO -> failure("division by zero", FieldReferences.in(culprit));
      case NUMERIC_OVERFLOW -> failure("a number out of range", FieldReferences.in(culprit));
      case BAD_FORMAT ->
          failure("a text of the wrong form" + by(culprit), FieldReferences.in(culprit));
      case INDEX_OUT_OF_BOUNDS ->
          failure("an index out of bounds" + by(culprit), FieldReferences.in(culprit));
      case ATTRIBUTE_NOT_FOUND -> failure("no such key", FieldReferences.in(culprit));
      case INVALID_ARGUMENT ->
          failure("an argument that is not allowed" + by(culprit), FieldReferences.in(culprit));
      case DUPLICATE_ATTRIBUTE -> failure("a key twice in one map", FieldReferences.in(culprit));
      case ITERATION_BUDGET_EXCEEDED ->
          failure(
              "more than " + Dialect.MAX_ITERATIONS + " iterations", FieldReferences.in(culprit));
      case INTERNAL_ERROR, AMBIGUOUS_OVERLOAD, TYPE_NOT_FOUND ->
          failure("no result" + by(culprit) + " with these values", FieldReferences.in(culprit));
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
    if (anyNull || !nulls.isEmpty()) {
      return nullOperand("operation on a null value", nulls);
    }
    return beyond.isEmpty()
        ? failure("an operation on values that it is not made for", FieldReferences.in(culprit))
        : failure("operation on " + BeyondTime.TEXT, Set.copyOf(beyond));
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

  private static RuleFailure failure(String text, Set<String> fields) {
    return switch (fields.size()) {
      case 0 -> new RuleFailure(text);
      case 1 ->
          new RuleFailure(
              fields.iterator().next(), text + " (field " + fields.iterator().next() + ")");
      default ->
          new RuleFailure(
              fields.iterator().next(), text + " (fields " + String.join(", ", fields) + ")");
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
      boolean second = Boolean.FALSE.equals(values.get(operands.get(0).id()));
      operands = List.of(operands.get(0), operands.get(second ? 2 : 1));
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
