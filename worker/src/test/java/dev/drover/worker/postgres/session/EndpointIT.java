package dev.drover.worker.postgres.session;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.awaitility.Awaitility.await;

import dev.drover.wire.plan.ConnectionFiles;
import dev.drover.wire.plan.ConnectionSpec;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class EndpointIT {
  @Test
  void a_session_prints_exact_text_whatever_the_role_prefers() throws Exception {
    Endpoint endpoint = PostgresServer.newDatabase();
    try (Connection connection = endpoint.open("drover/shop/read");
        Statement statement = connection.createStatement()) {
      statement.execute(
          """
          CREATE ROLE odd LOGIN PASSWORD 'x';
          ALTER ROLE odd SET DateStyle = 'SQL, DMY';
          ALTER ROLE odd SET TimeZone = 'Asia/Tokyo';
          ALTER ROLE odd SET extra_float_digits = -5;
          ALTER ROLE odd SET bytea_output = 'escape';
          ALTER ROLE odd SET IntervalStyle = 'iso_8601';
          ALTER ROLE odd SET lc_monetary = 'POSIX';
          ALTER ROLE odd SET array_nulls = off;
          ALTER ROLE odd SET statement_timeout = '17s'
          """);
    }
    try (Connection connection =
            PostgresServer.endpoint(PostgresServer.url("postgres"), "odd", "x").open("drover/a/b");
        Statement statement = connection.createStatement();
        ResultSet row =
            statement.executeQuery(
                """
                SELECT timestamptz '2024-02-01 00:00:00+09' || '', 0.1::float8 + 0.2 || '',
                  bytea '\\x01' || '', interval '1 day 02:00:00' || '',
                  current_setting('statement_timeout'), current_setting('application_name'),
                  current_setting('lc_monetary'), ('{NULL}'::text[])[1] IS NULL
                """)) {
      row.next();
      assertThat(row.getString(1)).isEqualTo("2024-01-31 15:00:00+00");
      assertThat(row.getString(2)).isEqualTo("0.30000000000000004");
      assertThat(row.getString(4)).isEqualTo("1 day 02:00:00");
      assertThat(row.getString(5)).isEqualTo("17s");
      assertThat(row.getString(6)).isEqualTo("drover/a/b");
      assertThat(row.getString(7)).isEqualTo("C");
      assertThat(row.getBoolean(8)).as("a null in an array is one").isTrue();
    }
  }

  @Test
  void the_server_drops_the_session_of_a_vanished_worker_within_half_a_minute() throws Exception {
    try (Connection connection = PostgresServer.newDatabase().open("drover/shop/load");
        Statement statement = connection.createStatement();
        ResultSet row =
            statement.executeQuery(
                """
                SELECT current_setting('tcp_keepalives_idle')::int
                  + current_setting('tcp_keepalives_interval')::int
                  * current_setting('tcp_keepalives_count')::int
                """)) {
      row.next();
      assertThat(row.getInt(1)).as("seconds").isBetween(15, 30);
    }
  }

  @Test
  void a_worker_that_vanished_is_given_up_whatever_is_under_way() throws Exception {
    try (Connection session = PostgresServer.newDatabase().open("drover/shop/load")) {
      assertThat(setting(session, "tcp_user_timeout")).isEqualTo("30000");
      assertThat(setting(session, "client_connection_check_interval")).isEqualTo("10s");
    }
  }

  @Test
  void what_a_session_commits_is_on_disk_whatever_the_role_prefers() throws Exception {
    try (Connection connection = PostgresServer.newDatabase().open("drover/shop/read");
        Statement statement = connection.createStatement()) {
      statement.execute(
          "CREATE ROLE hasty LOGIN PASSWORD 'x'; ALTER ROLE hasty SET synchronous_commit = off");
      statement.execute(
          "CREATE ROLE near LOGIN PASSWORD 'x'; ALTER ROLE near SET synchronous_commit = local");
    }
    for (String role : List.of("hasty", "near")) {
      try (Connection session =
          PostgresServer.endpoint(PostgresServer.url("postgres"), role, "x")
              .open("drover/shop/load")) {
        assertThat(setting(session, "synchronous_commit"))
            .isEqualTo(role.equals("hasty") ? "on" : "local");
      }
    }
  }

  private static String setting(Connection connection, String name) throws SQLException {
    try (Statement statement = connection.createStatement();
        ResultSet row = statement.executeQuery("SHOW " + name)) {
      row.next();
      return row.getString(1);
    }
  }

  private static ConnectionFiles files(String login) throws Exception {
    Path folder = Files.createTempDirectory("drover");
    ConnectionFiles files = ConnectionFiles.under(folder, "legacy");
    Files.createDirectories(files.username().getParent());
    Files.writeString(files.username(), login);
    Files.writeString(files.password(), "x");
    return files;
  }

  /** An endpoint to the server as a role of its own. */
  private static Endpoint counted(CountedPermits permits) throws Exception {
    try (Connection admin = PostgresServer.newDatabase().open("drover/test/admin");
        Statement statement = admin.createStatement()) {
      statement.execute(
          "DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'counted') THEN"
              + " CREATE ROLE counted LOGIN PASSWORD 'x'; END IF; END $$");
    }
    return new Endpoint(
        new ConnectionSpec("legacy", PostgresServer.url("postgres"), 1), files("counted"), permits);
  }

  @Test
  void a_session_that_is_closed_is_on_the_servers_list_no_more() throws Exception {
    CountedPermits permits = new CountedPermits();
    try (Connection admin = PostgresServer.newDatabase().open("drover/test/admin");
        Statement statement = admin.createStatement()) {
      Endpoint endpoint = counted(permits);
      for (int i = 1; i <= 100; i++) {
        Connection session = endpoint.open("closed");
        assertThat(permits.ends).hasSize(i - 1);
        session.close();
        assertThat(permits.ends).hasSize(i).doesNotContain(false);
        try (ResultSet row =
            statement.executeQuery(
                "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'closed'")) {
          row.next();
          assertThat(row.getInt(1)).isZero();
        }
      }
    }
  }

  @Test
  void what_was_aborted_in_the_middle_of_a_query_is_not_said_to_be_gone() throws Exception {
    CountedPermits permits = new CountedPermits();
    try (Connection session = counted(permits).open("test");
        Statement statement = session.createStatement();
        Connection admin = PostgresServer.newDatabase().open("drover/test/admin");
        Statement question = admin.createStatement()) {
      Thread query =
          Thread.ofVirtual()
              .start(
                  () -> {
                    try {
                      statement.execute("SELECT pg_sleep(8)");
                    } catch (SQLException e) {
                      // As it should.
                    }
                  });
      await()
          .until(
              () -> {
                try (ResultSet row =
                    question.executeQuery(
                        "SELECT count(*) FROM pg_stat_activity"
                            + " WHERE usename = 'counted' AND query LIKE '%pg_sleep%'")) {
                  row.next();
                  return row.getInt(1) == 1;
                }
              });
      session.abort(Runnable::run);
      query.join();
      assertThat(permits.ends).containsExactly(false);
    }
  }

  @Test
  void a_session_that_was_refused_is_over_at_once() throws Exception {
    CountedPermits permits = new CountedPermits();
    Endpoint nowhere =
        new Endpoint(
            new ConnectionSpec("legacy", "jdbc:postgresql://localhost:1/x", 1),
            files("nobody"),
            permits);
    assertThatExceptionOfType(SQLException.class).isThrownBy(() -> nowhere.open("test"));
    Endpoint wrong =
        new Endpoint(
            new ConnectionSpec("legacy", PostgresServer.url("no_such_database"), 1),
            files("postgres"),
            permits);
    assertThatExceptionOfType(SQLException.class).isThrownBy(() -> wrong.open("test"));
    assertThat(permits.ends).containsExactly(true, true);
  }

  @Test
  void a_name_that_sessions_are_counted_by_is_refused_in_a_url() {
    assertThatExceptionOfType(SQLException.class)
        .isThrownBy(
            () ->
                PostgresServer.endpoint(
                        PostgresServer.url("postgres") + "?ApplicationName=mine", "a", "b")
                    .open("test"))
        .withMessageContaining("take ApplicationName out of the URL");
  }

  @Test
  void a_host_without_an_address_is_named() {
    assertThatExceptionOfType(SQLException.class)
        .isThrownBy(
            () ->
                PostgresServer.endpoint("jdbc:postgresql://legacy.invalid:5432/shop", "a", "b")
                    .open("test"))
        .withMessageContaining("host legacy.invalid is unknown")
        .satisfies(e -> assertThat(SqlFailure.classify(e)).isEqualTo(SqlFailure.System));
  }

  @Test
  void a_long_migration_name_leaves_room_for_the_stage() {
    assertThat(Endpoint.applicationName("m".repeat(80), "load")).endsWith("m/load").hasSize(63);
    assertThat(Endpoint.applicationName("shop", "load")).isEqualTo("drover/shop/load");
  }

  @Test
  void changed_credentials_count_for_the_next_session(@TempDir Path folder) throws Exception {
    ConnectionFiles files = ConnectionFiles.under(folder, "legacy");
    Files.createDirectories(files.username().getParent());
    Files.writeString(files.username(), "nobody");
    Files.writeString(files.password(), "wrong");
    Endpoint endpoint =
        new Endpoint(new ConnectionSpec("legacy", PostgresServer.url("postgres"), 1), files);
    assertThatExceptionOfType(SQLException.class)
        .isThrownBy(() -> endpoint.open("test"))
        .satisfies(e -> assertThat(SqlFailure.classify(e)).isEqualTo(SqlFailure.System));

    Files.writeString(files.username(), "postgres\n");
    endpoint.open("test").close();
  }

  @Test
  void no_message_holds_the_password() {
    assertThatExceptionOfType(SQLException.class)
        .isThrownBy(
            () ->
                PostgresServer.endpoint(PostgresServer.url("postgres"), "hunter2", "hunter2")
                    .open("test"))
        .satisfies(e -> assertThat(stackTrace(e)).contains("***").doesNotContain("hunter2"));
    assertThatExceptionOfType(SQLException.class)
        .isThrownBy(
            () ->
                PostgresServer.endpoint(
                        PostgresServer.url("postgres") + "?password=hunter2", "a", "b")
                    .open("test"))
        .withMessageContaining("password out of the URL")
        .satisfies(e -> assertThat(stackTrace(e)).doesNotContain("hunter2"));
  }

  @Test
  void a_missing_secret_says_which_key_it_needs(@TempDir Path folder) {
    Endpoint endpoint =
        new Endpoint(
            new ConnectionSpec("legacy", PostgresServer.url("postgres"), 1),
            ConnectionFiles.under(folder, "legacy"));
    assertThatExceptionOfType(SQLException.class)
        .isThrownBy(() -> endpoint.open("test"))
        .withMessageContaining("connection legacy")
        .withMessageContaining("needs a key 'password'");
  }

  @Test
  void with_a_ca_file_a_server_that_cannot_prove_itself_is_refused() throws Exception {
    Path folder = Files.createTempDirectory("drover");
    ConnectionFiles files = ConnectionFiles.under(folder, "legacy");
    Files.createDirectories(files.ca().getParent());
    Files.writeString(files.username(), "postgres");
    Files.writeString(files.password(), "secret");
    Files.writeString(files.ca(), "no certificate");
    String url = PostgresServer.url("postgres");
    assertThatExceptionOfType(SQLException.class)
        .isThrownBy(() -> new Endpoint(new ConnectionSpec("legacy", url, 1), files).open("test"))
        .satisfies(e -> assertThat(SqlFailure.classify(e)).isEqualTo(SqlFailure.System));
    new Endpoint(new ConnectionSpec("legacy", url + "?sslmode=disable", 1), files)
        .open("test")
        .close();
  }

  private static String stackTrace(Throwable e) {
    java.io.StringWriter out = new java.io.StringWriter();
    e.printStackTrace(new java.io.PrintWriter(out));
    return out.toString();
  }
}
