package dev.drover.worker.rules;

import dev.drover.wire.batch.RowReader;
import dev.drover.wire.schema.RecordSchema;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

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
  private final int[] read;
  private final boolean[] assigned;

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
    this.read =
        steps.stream()
            .flatMapToInt(RuleStep::reads)
            .filter(slot -> slot < inputWidth)
            .distinct()
            .sorted()
            .toArray();
    this.assigned = new boolean[width];
    steps.forEach(
        step -> {
          if (step instanceof RuleStep.Assign assign) {
            assigned[assign.slot()] = true;
          }
        });
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

  /** These rules at work on the rows of one message. */
  public RuleRun over(RowReader rows) {
    return new RuleRun(
        rows,
        steps,
        read,
        width,
        outputSlots,
        IntStream.of(outputSlots).map(this::copiedFrom).toArray());
  }

  /** The input's column that stands in a slot from beginning to end; −1 if a rule gives it. */
  private int copiedFrom(int slot) {
    return slot < inputWidth && !assigned[slot] ? slot : -1;
  }

  @Override
  public String toString() {
    return steps.size() + " steps that read the columns " + Arrays.toString(read);
  }
}
