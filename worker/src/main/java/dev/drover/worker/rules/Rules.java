package dev.drover.worker.rules;

import dev.drover.wire.batch.RowReader;
import dev.drover.wire.schema.RecordSchema;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/**
 * The steps of a transform, compiled for the records of one schema. The same row always gives the
 * same outcome. Immutable and thread-safe.
 */
public final class Rules {
  private final RecordSchema output;
  private final Map<String, String> computed;
  private final List<RuleStep> steps;
  private final int width;
  private final int[] read;
  private final OutputPart[] parts;

  /**
   * @param input the schema of the rows that come
   * @param width how many slots the steps need; the first are the input's columns
   * @param outputSlots the slot of each of the output's columns
   */
  Rules(
      RecordSchema input,
      RecordSchema output,
      Map<String, String> computed,
      List<RuleStep> steps,
      int width,
      int[] outputSlots) {
    this.output = output;
    this.computed = Map.copyOf(computed);
    this.steps = List.copyOf(steps);
    this.width = width;
    int inputWidth = input.columns().size();
    this.read =
        steps.stream()
            .flatMapToInt(RuleStep::reads)
            .filter(slot -> slot < inputWidth)
            .distinct()
            .sorted()
            .toArray();
    BitSet assigned = new BitSet();
    for (RuleStep step : steps) {
      if (step instanceof RuleStep.Assign assign) {
        assigned.set(assign.slot());
      }
    }
    this.parts =
        OutputPart.of(
            input,
            output,
            IntStream.of(outputSlots)
                .mapToObj(
                    slot ->
                        (OutputPart)
                            (slot < inputWidth && !assigned.get(slot)
                                ? new OutputPart.Copied(slot, 1)
                                : new OutputPart.Given(slot)))
                .toList());
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
    return new RuleRun(rows, steps, read, width, parts);
  }

  @Override
  public String toString() {
    return steps.size() + " steps that read the columns " + Arrays.toString(read);
  }
}
