package dev.drover.worker.postgres.source;

import static org.assertj.core.api.Assertions.assertThat;

import dev.drover.wire.batch.Row;
import dev.drover.wire.batch.RowReader;
import dev.drover.wire.batch.RowWriter;
import dev.drover.wire.plan.KeyRange;
import dev.drover.wire.plan.StageSpec;
import dev.drover.wire.plan.TablePlan;
import dev.drover.worker.database.SourcePlan;
import dev.drover.worker.postgres.session.Endpoint;
import dev.drover.worker.postgres.session.PostgresServer;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A database of a test's own, with what the tests of this package do to it. */
final class SourceServer implements AutoCloseable {
  final Connection connection;

  private final Endpoint endpoint = PostgresServer.newDatabase();

  SourceServer() throws SQLException {
    connection = endpoint.open("drover/test/read");
  }

  /** Another session of the same database. */
  Connection another() throws SQLException {
    return endpoint.open("drover/test/other");
  }

  void execute(String sql) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }

  long count(String query) throws SQLException {
    try (Statement statement = connection.createStatement();
        ResultSet row = statement.executeQuery(query)) {
      row.next();
      return row.getLong(1);
    }
  }

  SourcePlan plan(String... tables) throws SQLException {
    return SourcePlanner.plan(connection, 0, stage(1000, tables));
  }

  TablePlan table(String table) throws SQLException {
    return Catalog.read(connection, 0, stage(1000, table)).tables().getFirst();
  }

  static StageSpec.Extract stage(int splitRecords, String... tables) {
    return new StageSpec.Extract("read", "legacy", List.of(tables), splitRecords);
  }

  /** All rows of a range. */
  List<@Nullable Object[]> rows(TablePlan table, KeyRange range) throws SQLException {
    List<@Nullable Object[]> rows = new ArrayList<>();
    try (RangeReader reader = RangeReader.open(connection, table.schema(), table.key(), range)) {
      while (reader.advance()) {
        rows.add(values(reader, table));
      }
    }
    return rows;
  }

  /** The reader's current row as a message carries it. */
  static @Nullable Object[] values(RangeReader reader, TablePlan table) {
    RowWriter writer = new RowWriter(table.schema(), 256);
    reader.appendTo(writer, 0);
    Row row = RowReader.readAll(table.schema(), writer.toByteArray()).getFirst();
    assertThat(row.key()).isEqualTo(reader.key());
    return row.values();
  }

  /** All keys of a range, as parts. */
  List<List<String>> keys(TablePlan table, KeyRange range) throws SQLException {
    List<List<String>> keys = new ArrayList<>();
    try (RangeReader reader = RangeReader.open(connection, table.schema(), table.key(), range)) {
      while (reader.advance()) {
        keys.add(reader.keyParts());
      }
    }
    return keys;
  }

  @Override
  public void close() throws SQLException {
    connection.close();
  }
}
