package dev.drover.worker.rules;

import dev.drover.wire.batch.Row;
import dev.drover.wire.decision.Verdict;
import dev.drover.wire.schema.RecordSchema;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The steps of a transform, compiled for the records of one schema. The same row always gives the
 * same outcome. Immutable and thread-safe.
 */
public final class Rules {
  private final int inputWidth;
  private final RecordSchema output;
  private final Map<String, String> computed;
  private final List<RuleStep> steps;
  private final int width;
  private final int[] outputSlots;
  private final boolean assigns;
  private final boolean inPlace;

  /**
   * @param width how many slots the steps need; the first are the input's columns
   * @param outputSlots the slot of each of the output's columns
   */
  Rules(
      int inputWidth,
      RecordSchema output,
      Map<String, String> computed,
      List<RuleStep> steps,
      int width,
      int[] outputSlots) {
    this.inputWidth = inputWidth;
    this.output = output;
    this.computed = Map.copyOf(computed);
    this.steps = List.copyOf(steps);
    this.width = width;
    this.outputSlots = outputSlots;
    this.assigns = steps.stream().anyMatch(RuleStep.Assign.class::isInstance);
    this.inPlace = outputSlots.length == width && isIdentity(outputSlots);
  }

  /** The schema of the rows that pass. */
  public RecordSchema output() {
    return output;
  }

  /**
   * The fields of the output whose values are computed, each with the path of the expression that
   * gives it, such as {@code spec.stages[1].transform.steps[2].set[0].to}.
   */
  public Map<String, String> computed() {
    return computed;
  }

  /**
   * Applies the steps to a record, in order, until one of them ends its way. The row is not
   * changed.
   *
   * @throws IllegalArgumentException if the row doesn't have the input's number of columns
   */
  public Outcome apply(Row row) {
    @Nullable Object[] values = row.values();
    if (values.length != inputWidth) {
      throw new IllegalArgumentException(
          "a row of %d values for a schema of %d columns".formatted(values.length, inputWidth));
    }
    @Nullable Object[] slots = assigns ? Arrays.copyOf(values, width) : values;
    for (RuleStep step : steps) {
      Verdict verdict = step.apply(slots);
      if (verdict != null) {
        return new Outcome.NotPassed(verdict);
      }
    }
    if (inPlace) {
      return new Outcome.Passed(assigns ? new Row(row.position(), row.key(), slots) : row);
    }
    @Nullable Object[] result = new Object[outputSlots.length];
    for (int i = 0; i < result.length; i++) {
      result[i] = slots[outputSlots[i]];
    }
    return new Outcome.Passed(new Row(row.position(), row.key(), result));
  }

  private static boolean isIdentity(int[] slots) {
    for (int i = 0; i < slots.length; i++) {
      if (slots[i] != i) {
        return false;
      }
    }
    return true;
  }
}
