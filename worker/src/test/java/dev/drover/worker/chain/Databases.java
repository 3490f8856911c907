package dev.drover.worker.chain;

import dev.drover.wire.plan.ConnectionSpec;
import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** A real PostgreSQL server with a legacy and a target database, and the secrets to reach them. */
final class Databases implements AutoCloseable {
  private final EmbeddedPostgres server;
  private final Map<String, Connection> sessions = new ConcurrentHashMap<>();
  final Path secrets;

  Databases() throws Exception {
    server = EmbeddedPostgres.builder().setServerConfig("max_connections", "50").start();
    execute("postgres", "CREATE DATABASE legacy", "CREATE DATABASE target");
    secrets = Files.createTempDirectory("drover-secrets-");
    for (String connection : List.of("legacy", "target")) {
      Path folder = Files.createDirectory(secrets.resolve(connection));
      Files.writeString(folder.resolve("username"), "postgres");
      Files.writeString(folder.resolve("password"), "postgres");
    }
  }

  int port() {
    return server.getPort();
  }

  String url(String database) {
    return "jdbc:postgresql://localhost:" + server.getPort() + "/" + database;
  }

  List<ConnectionSpec> connections() {
    return List.of(
        new ConnectionSpec("legacy", url("legacy"), 4),
        new ConnectionSpec("target", url("target"), 4));
  }

  void execute(String database, String... statements) throws SQLException {
    try (Statement s = session(database).createStatement()) {
      for (String sql : statements) {
        s.execute(sql);
      }
    }
  }

  /** The test's own session, opened again if a test ended it. */
  private Connection session(String database) throws SQLException {
    Connection known = sessions.get(database);
    if (known == null || !known.isValid(5)) {
      known = DriverManager.getConnection(url(database), "postgres", "postgres");
      sessions.put(database, known);
    }
    return known;
  }

  /** The first column of a query. */
  List<String> query(String database, String sql) throws SQLException {
    try (Statement s = session(database).createStatement();
        ResultSet r = s.executeQuery(sql)) {
      List<String> found = new ArrayList<>();
      while (r.next()) {
        found.add(r.getString(1));
      }
      return found;
    }
  }

  /** A hash over all rows of a table, whatever their order. */
  String checksum(String database, String table) throws SQLException {
    return query(
            database,
            "SELECT count(*) || ':' || coalesce(sum(hashtextextended(t::text, 0)), 0) FROM "
                + table
                + " t")
        .getFirst();
  }

  @Override
  public void close() throws Exception {
    server.close();
  }
}
