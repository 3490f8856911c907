package dev.drover.worker.postgres.session;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What is shown of what a real server says. */
class ServerWordsIT {
  private Connection session;

  @BeforeEach
  void open() throws Exception {
    session = PostgresServer.newDatabase().open("drover/test/words");
  }

  @AfterEach
  void close() throws Exception {
    session.close();
  }

  private SQLException failure(String sql) {
    return catchThrowableOfType(
        SQLException.class,
        () -> {
          try (Statement statement = session.createStatement()) {
            statement.execute(sql);
          }
        });
  }

  @Test
  void the_primary_message_is_shown_with_its_class() {
    SQLException e = failure("SET statement_timeout = 20; SELECT pg_sleep(60)");

    assertThat(ServerWords.of(e))
        .isEqualTo("SQLSTATE 57014: canceling statement due to statement timeout");
    assertThat(ServerWords.shown(e)).isEqualTo("canceling statement due to statement timeout");
  }

  @Test
  void where_a_statement_was_is_not() {
    SQLException e =
        failure(
            """
            SET statement_timeout = 20;
            DO $$ BEGIN EXECUTE $q$SELECT pg_sleep(60), 'planted'$q$; END $$
            """);
    assertThat(e.getMessage()).contains("planted");

    assertThat(ServerWords.of(e)).doesNotContain("planted");
  }

  @Test
  void a_class_that_quotes_values_says_no_more_than_its_code() {
    SQLException e = failure("SELECT 'planted'::integer");
    assertThat(e.getMessage()).contains("planted");

    assertThat(ServerWords.of(e)).isEqualTo("SQLSTATE 22P02");
    assertThat(ServerWords.shown(e)).isNull();
  }

  @Test
  void what_a_function_was_told_to_say_is_not_shown_whatever_class_it_takes() {
    SQLException e =
        failure(
            """
            DO $$ BEGIN
              RAISE EXCEPTION 'no time for planted' USING ERRCODE = '57014', DETAIL = 'planted';
            END $$
            """);
    assertThat(e.getMessage()).contains("planted");

    assertThat(ServerWords.of(e)).isEqualTo("SQLSTATE 57014");
  }

  @Test
  void what_is_no_servers_is_shown_as_it_is() {
    assertThat(ServerWords.of(new SQLException("no key 'password'", "28000")))
        .isEqualTo("no key 'password'");
    assertThat(ServerWords.of(new SQLException())).isEqualTo("null");
  }
}
