package dev.drover.worker.postgres.session;

import dev.drover.wire.plan.ConnectionFiles;
import dev.drover.wire.plan.ConnectionSpec;
import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * A real PostgreSQL for the tests of this JVM, started when first asked for and stopped when the
 * JVM exits. Each caller takes a database of its own.
 */
public final class PostgresServer {
  private static final AtomicInteger DATABASES = new AtomicInteger();
  private static final EmbeddedPostgres SERVER = start();

  private PostgresServer() {}

  /** A new, empty database, open to the superuser through the endpoint. */
  public static Endpoint newDatabase() {
    String name = "db" + DATABASES.incrementAndGet();
    try (Connection connection = SERVER.getPostgresDatabase().getConnection();
        Statement statement = connection.createStatement()) {
      statement.execute("CREATE DATABASE " + name + " TEMPLATE template0 ENCODING 'UTF8'");
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
    return endpoint(url(name), "postgres", "a password");
  }

  /** The JDBC URL of a database. */
  public static String url(String database) {
    return "jdbc:postgresql://localhost:" + SERVER.getPort() + "/" + database;
  }

  /** An endpoint with the given credentials. */
  public static Endpoint endpoint(String url, String user, String password) {
    try {
      Path folder = Files.createTempDirectory("drover-credentials");
      ConnectionFiles files = ConnectionFiles.under(folder, "legacy");
      Files.createDirectories(files.username().getParent());
      Files.writeString(files.username(), user + "\n");
      Files.writeString(files.password(), password);
      // Deleted in reverse order.
      for (Path made :
          List.of(folder, files.username().getParent(), files.username(), files.password())) {
        made.toFile().deleteOnExit();
      }
      return new Endpoint(new ConnectionSpec("legacy", url, 4), files);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static EmbeddedPostgres start() {
    try {
      return EmbeddedPostgres.builder()
          .setServerConfig("fsync", "off")
          .setServerConfig("autovacuum", "off")
          .start();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
