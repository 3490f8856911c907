package dev.drover.worker.postgres.source;

import dev.drover.wire.batch.RowWriter;
import dev.drover.wire.plan.TablePlan;
import dev.drover.worker.database.KeyedSource.Found;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Reads rows of a table by their keys, as they are now: one query for all that are asked for,
 * unless one of them cannot be read, which is then found by halves.
 */
final class KeyedRows {
  private KeyedRows() {}

  /**
   * The rows of some keys.
   *
   * @param connection from {@link dev.drover.worker.postgres.session.Endpoint}, in no transaction
   * @param table as planned, with a key
   * @param keys each in the form of {@link dev.drover.wire.batch.Row#key}
   * @param most the most bytes of a row
   * @return what there is of each
   * @throws SQLException if the source fails; not for what a row holds
   */
  static Map<String, Found> of(
      Connection connection, TablePlan table, Collection<String> keys, int most)
      throws SQLException {
    Map<String, Found> found = new HashMap<>();
    List<List<String>> asked = new ArrayList<>();
    for (String key : new LinkedHashSet<>(keys)) {
      found.put(key, new Found.Gone());
      Optional<List<String>> parts = KeyText.parse(key, table.key().size());
      parts.ifPresent(asked::add);
    }
    if (!asked.isEmpty()) {
      read(connection, table, asked, most, found);
    }
    return found;
  }

  private static void read(
      Connection connection,
      TablePlan table,
      List<List<String>> keys,
      int most,
      Map<String, Found> found)
      throws SQLException {
    try {
      readAll(connection, table, keys, most, found);
    } catch (SQLException e) {
      boolean unreadable = SourceFailure.isOfRow(e);
      if (!unreadable && !RangeReader.isEnded(e)) {
        throw e;
      }
      if (keys.size() > 1) {
        int half = keys.size() / 2;
        read(connection, table, keys.subList(0, half), most, found);
        read(connection, table, keys.subList(half, keys.size()), most, found);
      } else if (unreadable) {
        found.put(KeyText.of(keys.getFirst()), new Found.Unreadable());
      } else {
        throw e;
      }
    }
  }

  private static void readAll(
      Connection connection,
      TablePlan table,
      List<List<String>> keys,
      int most,
      Map<String, Found> found)
      throws SQLException {
    RowWriter writer = new RowWriter(table.schema(), 4096);
    try (RangeReader rows =
        RangeReader.ofKeys(connection, table.schema(), table.key(), keys, most)) {
      while (rows.advance()) {
        String key = rows.key();
        if (rows.isLarge()) {
          found.replace(key, new Found.TooLarge());
          continue;
        }
        writer.reset();
        Found row;
        try {
          rows.appendTo(writer, 0);
          row = writer.size() > most ? new Found.TooLarge() : new Found.Read(writer.toByteArray());
        } catch (RowWriter.NullInRequiredColumnException e) {
          row = new Found.Unreadable();
        }
        // A key that compares equal to the asked one and is written otherwise is another's.
        found.replace(key, row);
      }
    }
  }
}
