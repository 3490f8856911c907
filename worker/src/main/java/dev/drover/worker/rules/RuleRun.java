package dev.drover.worker.rules;

import dev.drover.wire.batch.RowReader;
import dev.drover.wire.batch.RowWriter;
import dev.drover.wire.decision.Verdict;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * {@link Rules} at work on the rows of one message. Decodes the columns that a rule reads, and
 * encodes those that a rule gives; all others pass as the bytes that they are. Hot. Not
 * thread-safe.
 */
public final class RuleRun {
  private final RowReader rows;
  private final List<RuleStep> steps;
  private final int[] read;
  private final OutputPart[] parts;
  private final @Nullable Object[] slots;

  RuleRun(RowReader rows, List<RuleStep> steps, int[] read, int width, OutputPart[] parts) {
    this.rows = rows;
    this.steps = steps;
    this.read = read;
    this.parts = parts;
    this.slots = new Object[width];
  }

  /**
   * Applies the steps to the reader's current row, in order, until one of them ends its way.
   *
   * @return null if it goes on, to be {@linkplain #write written}; else {@link Verdict.Filtered} or
   *     {@link Verdict.Failed} of class {@code Record}
   */
  public @Nullable Verdict judge() {
    for (int column : read) {
      slots[column] = rows.value(column);
    }
    for (RuleStep step : steps) {
      Verdict verdict = step.apply(slots);
      if (verdict != null) {
        return verdict;
      }
    }
    return null;
  }

  /**
   * Writes the row that was judged last, as the rules leave it.
   *
   * @param writer of rows of {@link Rules#output}
   * @return the bytes it took
   * @throws RowWriter.NullInRequiredColumnException if a required field is null; nothing is written
   */
  public int write(RowWriter writer) {
    writer.begin(rows.position(), rows.bytes(), rows.keyStart(), rows.keyEnd());
    for (OutputPart part : parts) {
      switch (part) {
        case OutputPart.Given(int slot) -> writer.value(slots[slot]);
        case OutputPart.Copied(int column, int count) when count > 1 ->
            writer.copy(rows, column, count);
        case OutputPart.Copied(int column, int count) -> writer.copy(rows, column);
      }
    }
    return writer.end();
  }
}
