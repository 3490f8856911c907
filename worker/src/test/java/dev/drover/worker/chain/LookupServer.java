package dev.drover.worker.chain;

import dev.drover.wire.plan.ConnectionSpec;
import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.Statement;

/** A PostgreSQL server of its own to look things up in, which can be stopped and started again. */
final class LookupServer implements AutoCloseable {
  private final Path folder = Files.createTempDirectory("drover-crm-");
  private final int port;
  private EmbeddedPostgres server;

  /**
   * Starts one.
   *
   * @param secrets receives the secrets of the connection {@code crm}
   */
  LookupServer(Path secrets) throws Exception {
    try (ServerSocket free = new ServerSocket(0)) {
      port = free.getLocalPort();
    }
    Path secret = Files.createDirectories(secrets.resolve("crm"));
    Files.writeString(secret.resolve("username"), "postgres");
    Files.writeString(secret.resolve("password"), "postgres");
    server = start();
  }

  private EmbeddedPostgres start() throws Exception {
    return EmbeddedPostgres.builder()
        .setPort(port)
        .setDataDirectory(folder.resolve("data"))
        .setCleanDataDirectory(false)
        .start();
  }

  void stopServer() throws Exception {
    server.close();
  }

  void startServer() throws Exception {
    server = start();
  }

  ConnectionSpec connection() {
    return new ConnectionSpec("crm", url("postgres"), 4);
  }

  private String url(String database) {
    return "jdbc:postgresql://localhost:" + port + "/" + database;
  }

  void execute(String... statements) throws Exception {
    try (Connection session = DriverManager.getConnection(url("postgres"), "postgres", "postgres");
        Statement s = session.createStatement()) {
      for (String sql : statements) {
        s.execute(sql);
      }
    }
  }

  /** What the server says of itself, asked from another database so that it does not count. */
  long statistic(String sql) throws Exception {
    try (Connection session =
            DriverManager.getConnection(url("template1"), "postgres", "postgres");
        Statement s = session.createStatement();
        ResultSet row = s.executeQuery(sql)) {
      row.next();
      return row.getLong(1);
    }
  }

  @Override
  public void close() throws Exception {
    server.close();
  }
}
