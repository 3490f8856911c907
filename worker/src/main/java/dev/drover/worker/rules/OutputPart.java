package dev.drover.worker.rules;

import dev.drover.wire.schema.Column;
import dev.drover.wire.schema.RecordSchema;
import java.util.ArrayList;
import java.util.List;

/** Where a part of a row that passed comes from. */
sealed interface OutputPart {
  /**
   * A column that a rule gives.
   *
   * @param slot where its value lies in the working array
   */
  record Given(int slot) implements OutputPart {}

  /**
   * Columns that no rule gives.
   *
   * @param column the first of them in the row that came
   * @param count how many, side by side in both rows; more than one only if each is encoded alike
   */
  record Copied(int column, int count) implements OutputPart {}

  /**
   * The parts of an output, as few as can be.
   *
   * @param columns where each of the output's columns comes from
   */
  static OutputPart[] of(RecordSchema input, RecordSchema output, List<OutputPart> columns) {
    List<OutputPart> parts = new ArrayList<>();
    for (int i = 0; i < columns.size(); i++) {
      OutputPart part = columns.get(i);
      if (i > 0
          && part instanceof Copied next
          && parts.getLast() instanceof Copied before
          && before.column() + before.count() == next.column()
          && alike(input, next.column() - 1, output, i - 1)
          && alike(input, next.column(), output, i)) {
        parts.removeLast();
        part = new Copied(before.column(), before.count() + 1);
      }
      parts.add(part);
    }
    return parts.toArray(OutputPart[]::new);
  }

  private static boolean alike(RecordSchema input, int column, RecordSchema output, int to) {
    Column from = input.columns().get(column);
    Column other = output.columns().get(to);
    return from.type() == other.type() && from.nullable() == other.nullable();
  }
}
