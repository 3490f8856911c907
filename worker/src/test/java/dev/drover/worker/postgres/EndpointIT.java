package dev.drover.worker.postgres;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.drover.wire.plan.ConnectionFiles;
import dev.drover.wire.plan.ConnectionSpec;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
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
                  current_setting('statement_timeout'), current_setting('application_name')
                """)) {
      row.next();
      assertThat(row.getString(1)).isEqualTo("2024-01-31 15:00:00+00");
      assertThat(row.getString(2)).isEqualTo("0.30000000000000004");
      assertThat(row.getString(4)).isEqualTo("1 day 02:00:00");
      assertThat(row.getString(5)).isEqualTo("17s");
      assertThat(row.getString(6)).isEqualTo("drover/a/b");
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
  void what_a_writer_has_not_received_is_given_up_as_soon_but_a_reader_may_take_its_time()
      throws Exception {
    Endpoint endpoint = PostgresServer.newDatabase();
    try (Connection writer = endpoint.openToWrite("drover/shop/load");
        Connection reader = endpoint.open("drover/shop/read")) {
      assertThat(userTimeout(writer)).isEqualTo("30000");
      assertThat(userTimeout(reader)).isEqualTo("0");
    }
  }

  private static String userTimeout(Connection connection) throws SQLException {
    try (Statement statement = connection.createStatement();
        ResultSet row = statement.executeQuery("SHOW tcp_user_timeout")) {
      row.next();
      return row.getString(1);
    }
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
