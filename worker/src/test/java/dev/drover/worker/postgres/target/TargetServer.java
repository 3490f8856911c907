package dev.drover.worker.postgres.target;

import dev.drover.wire.batch.BatchRows;
import dev.drover.wire.batch.Row;
import dev.drover.wire.schema.Column;
import dev.drover.wire.schema.ColumnType;
import dev.drover.wire.schema.RecordSchema;
import dev.drover.worker.database.LoadBatch;
import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** A real server, started once for all tests of this package, and what they do with it. */
final class TargetServer {
  private static final EmbeddedPostgres SERVER = start();

  private TargetServer() {}

  private static EmbeddedPostgres start() {
    try {
      EmbeddedPostgres server =
          EmbeddedPostgres.builder().setServerConfig("timezone", "UTC").start();
      Runtime.getRuntime().addShutdownHook(new Thread(() -> close(server)));
      return server;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static void close(EmbeddedPostgres server) {
    try {
      server.close();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  static Connection connect() throws SQLException {
    return connectAs("postgres");
  }

  static Connection connectAs(String user) throws SQLException {
    return DriverManager.getConnection(
        SERVER.getJdbcUrl(user, "postgres") + "&options=-c%20TimeZone=UTC");
  }

  static void execute(String sql) throws SQLException {
    try (Connection connection = connect();
        Statement statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }

  /** Every row as one text, columns separated by {@code |}, nulls as {@code ~}. */
  static List<String> rows(String query) throws SQLException {
    try (Connection connection = connect();
        Statement statement = connection.createStatement();
        ResultSet result = statement.executeQuery(query)) {
      List<String> rows = new ArrayList<>();
      while (result.next()) {
        List<String> values = new ArrayList<>();
        for (int i = 1; i <= result.getMetaData().getColumnCount(); i++) {
          String value = result.getString(i);
          values.add(value == null ? "~" : value);
        }
        rows.add(String.join("|", values));
      }
      return rows;
    }
  }

  static RecordSchema schema(Object... namesAndTypes) {
    List<Column> columns = new ArrayList<>();
    for (int i = 0; i < namesAndTypes.length; i += 2) {
      ColumnType type = (ColumnType) namesAndTypes[i + 1];
      columns.add(new Column((String) namesAndTypes[i], type, true, type.name().toLowerCase()));
    }
    return new RecordSchema("legacy.source", columns);
  }

  static LoadBatch batch(String id, RecordSchema schema, Object[]... values) {
    return batch(id, schema, Arrays.asList(values));
  }

  static LoadBatch batch(String id, RecordSchema schema, List<Object[]> values) {
    List<Row> rows = new ArrayList<>();
    for (Object[] value : values) {
      rows.add(new Row(rows.size(), "k" + rows.size(), value));
    }
    return new LoadBatch(
        id, 1, "7", "hash-" + id, BatchRows.of(schema, rows), LoadBatch.Patience.MayWait);
  }

  static LoadBatch finalAttempt(LoadBatch batch) {
    return new LoadBatch(
        batch.batchId(),
        batch.take(),
        batch.revision(),
        batch.inputHash(),
        batch.rows(),
        LoadBatch.Patience.LastAttempt);
  }

  static Object[] row(Object... values) {
    return values;
  }

  static TargetTable table(String name) throws SQLException {
    try (Connection connection = connect()) {
      return TargetCatalog.find(connection, name).orElseThrow();
    }
  }
}
