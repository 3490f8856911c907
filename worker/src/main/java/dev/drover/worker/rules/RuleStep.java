package dev.drover.worker.rules;

import dev.cel.common.values.NullValue;
import dev.drover.wire.decision.Cause;
import dev.drover.wire.decision.Verdict;
import dev.drover.wire.schema.ColumnType;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** One compiled step that has something to do for each record. Immutable and thread-safe. */
sealed interface RuleStep {
  /** Code of the failure of a record for which a rule could not be evaluated. */
  String RULE_ERROR = "RuleError";

  /**
   * Does the step's work on one record.
   *
   * @param slots the working array, which only a {@link Assign} writes to
   * @return null if the record goes on to the next step
   */
  @Nullable Verdict apply(@Nullable Object[] slots);

  /** The slots that its expressions read. */
  IntStream reads();

  /** A condition that the record must meet. */
  record Require(
      Place place, Expression that, String text, String code, @Nullable Expression message)
      implements RuleStep {
    @Override
    public @Nullable Verdict apply(@Nullable Object[] slots) {
      try {
        return that.holds(slots) ? null : place.failed(code, that.firstField(), messageFor(slots));
      } catch (RuleFailure e) {
        return place.ruleError(".require.that", e, that.firstField());
      }
    }

    @Override
    public IntStream reads() {
      return message == null ? that.reads() : IntStream.concat(that.reads(), message.reads());
    }

    private String messageFor(@Nullable Object[] slots) {
      if (message != null) {
        try {
          if (message.eval(slots) instanceof String given) {
            return given;
          }
        } catch (RuleFailure e) {
          return standard() + "; its message could not be made: " + e.text();
        }
      }
      return standard();
    }

    private String standard() {
      return place.step() + ": require " + text + " does not hold";
    }
  }

  /** A condition without which the record is left out. */
  record Filter(Place place, Expression condition) implements RuleStep {
    private static final Verdict FILTERED = new Verdict.Filtered();

    @Override
    public @Nullable Verdict apply(@Nullable Object[] slots) {
      try {
        return condition.holds(slots) ? null : FILTERED;
      } catch (RuleFailure e) {
        return place.ruleError(".filter", e, condition.firstField());
      }
    }

    @Override
    public IntStream reads() {
      return condition.reads();
    }
  }

  /** A field to compute. */
  record Assign(Place place, int index, String field, Expression to, ColumnType type, int slot)
      implements RuleStep {
    @Override
    public @Nullable Verdict apply(@Nullable Object[] slots) {
      try {
        Object value = to.eval(slots);
        slots[slot] = value instanceof NullValue ? null : kept(value);
        return null;
      } catch (RuleFailure e) {
        String first = to.firstField();
        return place.ruleError(".set[" + index + "].to", e, first.isEmpty() ? field : first);
      }
    }

    @Override
    public IntStream reads() {
      return to.reads();
    }

    private @Nullable Object kept(Object value) {
      try {
        return WireForm.of(type, value);
      } catch (RuleFailure e) {
        throw new RuleFailure(e.field(), "gives " + e.text() + ", for field " + field);
      }
    }
  }

  /**
   * Where a step stands.
   *
   * @param step its place in the stage, such as {@code steps[2]}
   * @param table the table that it was compiled for
   */
  record Place(String step, String table) {
    Verdict failed(String code, String subject, String message) {
      return new Verdict.Failed(
          Verdict.FailureClass.Record, new Cause(step, code, table, subject), message);
    }

    /**
     * @param expression where in the step the failing expression is
     * @param subject the field concerned, if the failure itself names none
     */
    Verdict ruleError(String expression, RuleFailure failure, String subject) {
      return failed(
          RULE_ERROR,
          failure.field().isEmpty() ? subject : failure.field(),
          step + expression + ": " + failure.text());
    }
  }
}
