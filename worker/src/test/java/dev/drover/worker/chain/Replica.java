package dev.drover.worker.chain;

import static org.awaitility.Awaitility.await;

import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.IOException;
import java.nio.file.CopyOption;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;

/** Two PostgreSQL servers, one of which follows the other and can be read only. */
final class Replica implements AutoCloseable {
  private final EmbeddedPostgres primary;
  private final EmbeddedPostgres standby;

  /**
   * Makes both.
   *
   * @param folder an empty one for what they store
   */
  Replica(Path folder) throws Exception {
    Path first = Files.createDirectory(folder.resolve("primary"));
    Path second = folder.resolve("standby");
    int port;
    try (EmbeddedPostgres once = server(first).start()) {
      port = once.getPort();
    }
    copy(first, second);
    Files.createFile(second.resolve("standby.signal"));
    Files.writeString(
        second.resolve("postgresql.auto.conf"),
        "primary_conninfo = 'host=localhost port=%d user=postgres'%n".formatted(port)
            + "max_standby_streaming_delay = 0\n",
        StandardOpenOption.CREATE,
        StandardOpenOption.APPEND);
    primary = server(first).setPort(port).start();
    standby = server(second).start();
  }

  private static EmbeddedPostgres.Builder server(Path data) throws IOException {
    return EmbeddedPostgres.builder()
        .setDataDirectory(data)
        .setCleanDataDirectory(false)
        .setServerConfig("max_connections", "50");
  }

  private static void copy(Path from, Path to) throws IOException {
    CopyOption[] as = {StandardCopyOption.COPY_ATTRIBUTES, LinkOption.NOFOLLOW_LINKS};
    try (Stream<Path> all = Files.walk(from)) {
      for (Path path : all.toList()) {
        Files.copy(path, to.resolve(from.relativize(path)), as);
      }
    }
  }

  String url() {
    return "jdbc:postgresql://localhost:" + standby.getPort() + "/postgres";
  }

  Connection connectToPrimary() throws SQLException {
    return connect("jdbc:postgresql://localhost:" + primary.getPort() + "/postgres");
  }

  private static Connection connect(String url) throws SQLException {
    return DriverManager.getConnection(url, "postgres", "postgres");
  }

  /** Does something at the primary and waits until the replica has it. */
  void write(String... statements) throws SQLException {
    String written;
    try (Connection connection = connectToPrimary();
        Statement statement = connection.createStatement()) {
      for (String sql : statements) {
        statement.execute(sql);
      }
      written = first(statement, "SELECT pg_current_wal_lsn()");
    }
    await()
        .atMost(Duration.ofSeconds(60))
        // What is replayed may end whoever asks meanwhile.
        .ignoreExceptionsInstanceOf(SQLException.class)
        .until(
            () ->
                read("SELECT pg_last_wal_replay_lsn() >= '" + written + "'").equals(List.of("t")));
  }

  /** The first column of a query's rows at the replica. */
  List<String> read(String sql) throws SQLException {
    try (Connection connection = connect(url());
        Statement statement = connection.createStatement();
        ResultSet rows = statement.executeQuery(sql)) {
      List<String> found = new java.util.ArrayList<>();
      while (rows.next()) {
        found.add(rows.getString(1));
      }
      return found;
    }
  }

  private static String first(Statement statement, String sql) throws SQLException {
    try (ResultSet row = statement.executeQuery(sql)) {
      row.next();
      return row.getString(1);
    }
  }

  @Override
  public void close() throws IOException {
    standby.close();
    primary.close();
  }
}
