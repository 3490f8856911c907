package dev.drover.worker.target;

import dev.drover.wire.batch.Row;
import dev.drover.wire.schema.Column;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** Keeps from a table the rows that it would take and silently change. */
final class Losses {
  private Losses() {}

  /** Writes rows; see {@link TableWrite#write}. */
  @FunctionalInterface
  interface Write {
    Map<Integer, Refusal> write(EncodedRows rows) throws SQLException, SystemFailure;
  }

  /** Writes all rows but those that would be changed, which are refused as well. */
  static Map<Integer, Refusal> write(
      TargetTable table, List<LoadBatch> batches, EncodedRows rows, Write write)
      throws SQLException, SystemFailure {
    SortedMap<Integer, Refusal> changed = of(table, batches);
    if (changed.isEmpty()) {
      return write.write(rows);
    }
    List<Integer> kept = new ArrayList<>();
    for (int i = 0; i < rows.size(); i++) {
      if (!changed.containsKey(i)) {
        kept.add(i);
      }
    }
    if (!kept.isEmpty()) {
      write.write(rows.pick(kept)).forEach((row, refusal) -> changed.put(kept.get(row), refusal));
    }
    return changed;
  }

  private static SortedMap<Integer, Refusal> of(TargetTable table, List<LoadBatch> batches) {
    SortedMap<Integer, Refusal> changed = new TreeMap<>();
    int start = 0;
    for (LoadBatch batch : batches) {
      List<Column> fields = batch.schema().columns();
      for (int c = 0; c < fields.size(); c++) {
        Column field = fields.get(c);
        int column = c;
        Optional<Predicate<Object>> check =
            table.column(field.name()).flatMap(to -> ExactFit.changed(field, to));
        if (check.isPresent()) {
          find(batch.rows(), start, column, field.name(), check.get(), changed);
        }
      }
      start += batch.rows().size();
    }
    return changed;
  }

  private static void find(
      List<Row> rows,
      int start,
      int column,
      String name,
      Predicate<Object> check,
      SortedMap<Integer, Refusal> changed) {
    for (int i = 0; i < rows.size(); i++) {
      @Nullable Object value = rows.get(i).values()[column];
      if (value != null && check.test(value)) {
        changed.putIfAbsent(start + i, Refusal.changing(name));
      }
    }
  }
}
