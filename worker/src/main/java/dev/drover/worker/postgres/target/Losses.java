package dev.drover.worker.postgres.target;

import dev.drover.wire.batch.RowReader;
import dev.drover.wire.schema.Column;
import dev.drover.wire.schema.RecordSchema;
import dev.drover.worker.database.LoadBatch;
import dev.drover.worker.database.SystemFailure;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Predicate;

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
      Map<Integer, Predicate<Object>> checks = checks(table, batch.schema());
      if (!checks.isEmpty()) {
        find(batch, start, checks, changed);
      }
      start += batch.rows().size();
    }
    return changed;
  }

  /** By the index of the column; none for columns that change nothing. */
  private static Map<Integer, Predicate<Object>> checks(TargetTable table, RecordSchema schema) {
    Map<Integer, Predicate<Object>> checks = new LinkedHashMap<>();
    for (int c = 0; c < schema.columns().size(); c++) {
      Column field = schema.columns().get(c);
      int column = c;
      table
          .column(field.name())
          .ifPresent(
              to -> {
                switch (ExactFit.of(field, to)) {
                  case Fit.Exact _ -> {}
                  case Fit.Checked(Predicate<Object> changes) -> checks.put(column, changes);
                  case Fit.Lossy _ -> checks.put(column, value -> true);
                }
              });
    }
    return checks;
  }

  private static void find(
      LoadBatch batch,
      int start,
      Map<Integer, Predicate<Object>> checks,
      SortedMap<Integer, Refusal> changed) {
    RowReader rows = batch.rows().reader();
    for (int i = 0; i < batch.rows().size(); i++) {
      batch.rows().requireNext(rows);
      for (Map.Entry<Integer, Predicate<Object>> check : checks.entrySet()) {
        Object value = rows.value(check.getKey());
        if (value != null && check.getValue().test(value)) {
          String name = batch.schema().columns().get(check.getKey()).name();
          changed.putIfAbsent(start + i, Refusal.changing(name));
        }
      }
    }
  }
}
