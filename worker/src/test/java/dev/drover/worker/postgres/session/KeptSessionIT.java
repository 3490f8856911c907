package dev.drover.worker.postgres.session;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.drover.wire.batch.BatchRows;
import dev.drover.wire.batch.Row;
import dev.drover.wire.plan.StageSpec;
import dev.drover.wire.schema.Column;
import dev.drover.wire.schema.ColumnType;
import dev.drover.wire.schema.RecordSchema;
import dev.drover.worker.database.LoadBatch;
import dev.drover.worker.database.SystemFailure;
import dev.drover.worker.postgres.source.DetailsCatalog;
import dev.drover.worker.postgres.source.SourceFailure;
import dev.drover.worker.postgres.target.PostgresLoadTarget;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class KeptSessionIT {
  @Test
  void the_server_itself_is_not_asked_whether_it_is() throws Exception {
    try (Connection connection = PostgresServer.newDatabase().open("drover/shop/load");
        Statement statement = connection.createStatement()) {
      statement.execute("RESET ALL");

      assertThatCode(() -> KeptSession.require(connection)).doesNotThrowAnyException();
    }
  }

  @Test
  void a_pooler_that_keeps_sessions_is_taken_for_the_server() throws Exception {
    Endpoint direct = PostgresServer.newDatabase();
    try (Connection connection = direct.open("test");
        Statement statement = connection.createStatement()) {
      statement.execute("CREATE SCHEMA shop; CREATE TABLE shop.t (id integer PRIMARY KEY)");
      String url = PostgresServer.url(value(connection, "SELECT current_database()"));
      try (Pooler pooler = new Pooler(Pooler.Mode.Session, url);
          Connection reading = through(pooler, url, "").open("drover/shop/read");
          PostgresLoadTarget target =
              new PostgresLoadTarget(through(pooler, url, ""), "test", load(), null)) {
        for (int i = 0; i < 8; i++) {
          DetailsCatalog.read(reading, "shop.t");
          target.load("legacy.t", List.of(batch(i)));
        }
      }
      assertThat(value(connection, "SELECT count(*) FROM shop.t")).isEqualTo("8");
    }
  }

  @Test
  void another_session_than_the_one_that_was_set_up_is_not_read_from() throws Exception {
    try (Pooler pooler = new Pooler(Pooler.Mode.Transaction, PostgresServer.url("postgres"));
        Connection connection =
            through(pooler, PostgresServer.url("postgres"), "").open("drover/shop/read")) {
      assertThatThrownBy(() -> readAtLeastTwice(connection))
          .hasMessage(
              "connection legacy: a pooler gave this transaction another session than the one that was set up: let jdbc.url name the server itself, or a pool in session mode")
          .isInstanceOfSatisfying(
              SystemFailure.class, e -> assertThat(e.reason()).isEqualTo("SessionNotKept"));
    }
  }

  @Test
  void what_others_set_in_a_session_that_is_handed_out_again_is_set_back() throws Exception {
    try (Pooler pooler = new Pooler(Pooler.Mode.Session, PostgresServer.url("postgres"));
        Connection connection =
            through(pooler, PostgresServer.url("postgres"), "").open("drover/shop/read");
        Statement statement = connection.createStatement()) {
      KeptSession.set(connection, "SET lock_timeout = '7s';");
      statement.execute("SET extra_float_digits = -5; SET lock_timeout = 0");

      KeptSession.require(connection);

      assertThat(value(connection, "SELECT (0.1::float8 + 0.2)::text"))
          .isEqualTo("0.30000000000000004");
      assertThat(value(connection, "SHOW lock_timeout")).isEqualTo("7s");
    }
  }

  private static void readAtLeastTwice(Connection connection) throws Exception {
    try {
      DetailsCatalog.read(connection, "pg_catalog.pg_class");
      DetailsCatalog.read(connection, "pg_catalog.pg_class");
    } catch (SQLException e) {
      throw SourceFailure.of(e);
    }
  }

  /** Poolers that keep what the driver prepares, and such that do not. */
  @ParameterizedTest
  @ValueSource(strings = {"?prepareThreshold=0", ""})
  void nothing_is_loaded_by_another_session(String options) throws Exception {
    Endpoint direct = PostgresServer.newDatabase();
    try (Connection connection = direct.open("test");
        Statement statement = connection.createStatement()) {
      statement.execute(
          """
          CREATE SCHEMA shop;
          CREATE TABLE shop.t (id integer PRIMARY KEY,
            mark text DEFAULT current_setting('drover.session', true))
          """);
      String database = value(connection, "SELECT current_database()");
      try (Pooler pooler = new Pooler(Pooler.Mode.Transaction, PostgresServer.url(database));
          PostgresLoadTarget target =
              new PostgresLoadTarget(
                  through(pooler, PostgresServer.url(database), options), "test", load(), null)) {
        assertThatThrownBy(() -> loadAtLeastTwice(target))
            .hasMessageContaining(
                "connection legacy: a pooler gave this transaction another session")
            .isInstanceOfSatisfying(
                SystemFailure.class, e -> assertThat(e.reason()).isEqualTo("SessionNotKept"));
      }
      assertThat(value(connection, "SELECT count(*) FROM shop.t WHERE mark IS NULL OR id = 2"))
          .isEqualTo("0");
    }
  }

  private static void loadAtLeastTwice(PostgresLoadTarget target) throws SystemFailure {
    target.load("legacy.t", List.of(batch(1)));
    target.load("legacy.t", List.of(batch(2)));
  }

  private static StageSpec.Load load() {
    return new StageSpec.Load(
        "load", "read", "legacy", "shop", StageSpec.LoadMode.Insert, List.of());
  }

  private static LoadBatch batch(int id) {
    RecordSchema schema =
        new RecordSchema(
            "legacy.t", List.of(new Column("id", ColumnType.INTEGER, false, "integer")));
    return new LoadBatch(
        "b" + id,
        1,
        "7",
        "hash",
        BatchRows.of(schema, List.of(new Row(0, "k", new Object[] {id}))),
        LoadBatch.Patience.MayWait);
  }

  private static Endpoint through(Pooler pooler, String url, String options) {
    return PostgresServer.endpoint(pooler.url(url) + options, "postgres", "a password");
  }

  private static String value(Connection connection, String query) throws Exception {
    try (Statement statement = connection.createStatement();
        ResultSet row = statement.executeQuery(query)) {
      row.next();
      return row.getString(1);
    }
  }
}
