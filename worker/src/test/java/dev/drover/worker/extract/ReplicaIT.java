package dev.drover.worker.extract;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.drover.wire.plan.KeyRange;
import dev.drover.wire.plan.StageSpec;
import dev.drover.wire.plan.TablePlan;
import dev.drover.worker.postgres.Endpoint;
import dev.drover.worker.postgres.PostgresServer;
import dev.drover.worker.source.SourcePlanner;
import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A read replica serves as a source, also while the primary takes away what is being read. */
class ReplicaIT {
  private static final Duration SOON = Duration.ofSeconds(60);

  /** Whether the read was in the way of what the primary did. */
  private static final String CONFLICTS =
      "SELECT confl_snapshot + confl_bufferpin + confl_lock > 0 FROM pg_stat_database_conflicts"
          + " WHERE datname = 'postgres'";

  @TempDir Path folder;

  private EmbeddedPostgres.Builder server(String name) {
    return EmbeddedPostgres.builder()
        .setDataDirectory(folder.resolve(name))
        .setCleanDataDirectory(false)
        .setServerConfig("autovacuum", "off")
        .setServerConfig("max_standby_streaming_delay", "100ms");
  }

  private static String url(EmbeddedPostgres server) {
    return "jdbc:postgresql://localhost:" + server.getPort() + "/postgres";
  }

  private static void execute(EmbeddedPostgres server, String... statements) throws SQLException {
    try (Connection connection = DriverManager.getConnection(url(server), "postgres", "");
        Statement statement = connection.createStatement()) {
      for (String sql : statements) {
        statement.execute(sql);
      }
    }
  }

  private static String ask(EmbeddedPostgres server, String query) throws SQLException {
    try (Connection connection = DriverManager.getConnection(url(server), "postgres", "");
        Statement statement = connection.createStatement();
        ResultSet row = statement.executeQuery(query)) {
      row.next();
      return row.getString(1);
    }
  }

  private EmbeddedPostgres replicaOf(EmbeddedPostgres primary) throws IOException {
    Files.writeString(
        folder.resolve("replica").resolve("postgresql.auto.conf"),
        "primary_conninfo = 'host=localhost port=%d user=postgres'\n".formatted(primary.getPort()),
        StandardOpenOption.APPEND);
    return server("replica").start();
  }

  /** What a base backup would make, of a server that is not running. */
  private void copyPrimary() throws IOException {
    Path from = folder.resolve("primary");
    Path to = folder.resolve("replica");
    try (Stream<Path> files = Files.walk(from)) {
      for (Path file : (Iterable<Path>) files::iterator) {
        if (!file.endsWith("postmaster.pid") && !file.endsWith("epg-lock")) {
          Files.copy(
              file,
              to.resolve(from.relativize(file).toString()),
              StandardCopyOption.COPY_ATTRIBUTES);
        }
      }
    }
    Files.createFile(to.resolve("standby.signal"));
  }

  @Test
  void a_conflict_with_the_primary_is_read_past() throws Exception {
    try (EmbeddedPostgres first = server("primary").start()) {
      execute(
          first,
          "CREATE TABLE item (id integer PRIMARY KEY, note text)",
          "INSERT INTO item SELECT i, repeat('x', 1000) FROM generate_series(1, 100000) i",
          "ANALYZE item");
    }
    copyPrimary();
    try (EmbeddedPostgres primary = server("primary").start();
        EmbeddedPostgres replica = replicaOf(primary)) {
      Endpoint source = PostgresServer.endpoint(url(replica), "postgres", "x");
      try (Connection connection = source.open("drover/test/replica")) {
        TablePlan table =
            SourcePlanner.plan(
                    connection,
                    0,
                    new StageSpec.Extract("read", "legacy", List.of("public.item"), 10_000))
                .tables()
                .getFirst();
        assertThat(table.splits()).as("planned on the replica itself").hasSizeGreaterThan(5);
        List<String> keys = new ArrayList<>();
        try (PostgresRows rows = new PostgresRows(connection, table, KeyRange.ALL)) {
          while (keys.size() < 100) {
            assertThat(rows.advance()).isTrue();
            keys.add(rows.key());
          }
          execute(primary, "DELETE FROM item WHERE id > 99000", "VACUUM item");
          await().atMost(SOON).until(() -> ask(replica, CONFLICTS).equals("t"));
          while (rows.advance()) {
            keys.add(rows.key());
          }
        }
        assertThat(keys).hasSize(99_000).doesNotHaveDuplicates().endsWith("99000");
      }
    }
  }
}
