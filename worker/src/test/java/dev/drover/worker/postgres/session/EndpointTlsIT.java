package dev.drover.worker.postgres.session;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.drover.wire.plan.ConnectionFiles;
import dev.drover.wire.plan.ConnectionSpec;
import dev.drover.wire.tls.SelfSigned;
import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** With a CA among its secrets a connection is encrypted and the server's name verified. */
class EndpointTlsIT {
  @TempDir Path folder;

  @Test
  void the_server_must_descend_from_the_ca_of_the_secret() throws Exception {
    SelfSigned server = SelfSigned.in(Files.createDirectory(folder.resolve("server")));
    SelfSigned stranger = SelfSigned.in(Files.createDirectory(folder.resolve("stranger")));
    try (EmbeddedPostgres postgres = EmbeddedPostgres.start()) {
      enableTls(postgres, server);
      ConnectionSpec spec =
          new ConnectionSpec(
              "db", "jdbc:postgresql://localhost:" + postgres.getPort() + "/postgres", 2);

      try (Connection c = new Endpoint(spec, secrets("right", server)).open("test");
          Statement s = c.createStatement();
          ResultSet r =
              s.executeQuery("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()")) {
        assertThat(r.next()).isTrue();
        assertThat(r.getBoolean(1)).isTrue();
      }
      assertThatThrownBy(() -> new Endpoint(spec, secrets("wrong", stranger)).open("test"))
          .isInstanceOf(SQLException.class);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"TLSv1.2", "TLSv1.3"})
  void the_end_of_an_encrypted_session_is_seen_when_it_is_there_and_not_before(String version)
      throws Exception {
    SelfSigned server = SelfSigned.in(Files.createDirectory(folder.resolve("server")));
    try (EmbeddedPostgres postgres = EmbeddedPostgres.start();
        Connection admin = postgres.getPostgresDatabase().getConnection();
        Statement question = admin.createStatement()) {
      question.execute("ALTER SYSTEM SET ssl_max_protocol_version = '" + version + "'");
      enableTls(postgres, server);
      CountedPermits permits = new CountedPermits();
      Endpoint endpoint =
          new Endpoint(
              new ConnectionSpec(
                  "db", "jdbc:postgresql://localhost:" + postgres.getPort() + "/postgres", 2),
              secrets("right", server),
              permits);
      for (int i = 1; i <= 20; i++) {
        try (Connection session = endpoint.open("encrypted");
            Statement s = session.createStatement();
            ResultSet r =
                s.executeQuery("SELECT version FROM pg_stat_ssl WHERE pid = pg_backend_pid()")) {
          assertThat(r.next()).isTrue();
          assertThat(r.getString(1)).isEqualTo(version);
        }
        assertThat(permits.ends).hasSize(i).doesNotContain(false);
        assertThat(sessions(question, "application_name = 'encrypted'")).isZero();
      }
      permits.ends.clear();

      Connection session = endpoint.open("encrypted");
      Thread query = Thread.ofVirtual().start(() -> sleep(session));
      await().until(() -> sessions(question, "query = 'SELECT pg_sleep(30)'") == 1);
      session.abort(Runnable::run);
      query.join();
      assertThat(permits.ends).containsExactly(false);
    }
  }

  private static void sleep(Connection session) {
    try (Statement s = session.createStatement()) {
      s.execute("SELECT pg_sleep(30)");
    } catch (SQLException e) {
      // It is aborted.
    }
  }

  private static int sessions(Statement question, String which) throws SQLException {
    try (ResultSet r =
        question.executeQuery("SELECT count(*) FROM pg_stat_activity WHERE " + which)) {
      r.next();
      return r.getInt(1);
    }
  }

  /** The server's own user must be able to read its key, which is copied into its data folder. */
  private static void enableTls(EmbeddedPostgres postgres, SelfSigned server) throws Exception {
    try (Connection c = postgres.getPostgresDatabase().getConnection();
        Statement s = c.createStatement()) {
      Path data;
      try (ResultSet r = s.executeQuery("SHOW data_directory")) {
        r.next();
        data = Path.of(r.getString(1));
      }
      for (Path file : new Path[] {server.key(), server.certificate()}) {
        Path copy = Files.copy(file, data.resolve(file.getFileName()));
        Files.setOwner(copy, Files.getOwner(data));
      }
      s.execute("ALTER SYSTEM SET ssl_cert_file = 'server.crt'");
      s.execute("ALTER SYSTEM SET ssl_key_file = 'server.key'");
      s.execute("ALTER SYSTEM SET ssl = on");
      s.execute("SELECT pg_reload_conf()");
    }
    await()
        .until(
            () -> {
              try (Connection c = postgres.getPostgresDatabase().getConnection();
                  Statement s = c.createStatement();
                  ResultSet r = s.executeQuery("SHOW ssl")) {
                return r.next() && r.getString(1).equals("on");
              }
            });
  }

  private ConnectionFiles secrets(String name, SelfSigned ca) throws Exception {
    Path secret = Files.createDirectory(folder.resolve(name));
    Files.writeString(secret.resolve("username"), "postgres");
    Files.writeString(secret.resolve("password"), "postgres");
    Files.copy(ca.certificate(), secret.resolve("ca.crt"));
    return ConnectionFiles.under(folder, name);
  }
}
