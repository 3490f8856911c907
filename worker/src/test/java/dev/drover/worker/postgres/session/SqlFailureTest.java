package dev.drover.worker.postgres.session;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.ConnectException;
import java.sql.BatchUpdateException;
import java.sql.SQLException;
import java.sql.SQLNonTransientConnectionException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SqlFailureTest {
  @ParameterizedTest
  @ValueSource(strings = {"22P02", "22001", "22003", "23505", "23502", "23514", "23P01"})
  void values_and_constraints_are_the_records_fault(String state) {
    assertThat(SqlFailure.classify(new SQLException("no", state))).isEqualTo(SqlFailure.Record);
  }

  @Test
  void a_foreign_key_without_its_parent_is_a_dependency() {
    assertThat(SqlFailure.classify(new SQLException("no", "23503")))
        .isEqualTo(SqlFailure.Dependency);
  }

  @ParameterizedTest
  @ValueSource(strings = {"08006", "28P01", "40001", "40P01", "53300", "57P01", "57014"})
  void connections_conflicts_resources_and_credentials_are_the_worlds_fault(String state) {
    assertThat(SqlFailure.classify(new SQLException("no", state))).isEqualTo(SqlFailure.System);
  }

  @ParameterizedTest
  @ValueSource(strings = {"42703", "42501", "XX000", "55P03", "25P02", "P0001"})
  void a_code_that_is_not_listed_is_unknown(String state) {
    assertThat(SqlFailure.classify(new SQLException("no", state))).isEqualTo(SqlFailure.Unknown);
  }

  @Test
  void without_a_code_a_broken_connection_is_the_worlds_fault() {
    assertThat(SqlFailure.classify(new SQLException("no", new ConnectException())))
        .isEqualTo(SqlFailure.System);
    assertThat(SqlFailure.classify(new SQLException("no", new SQLException(new IOException()))))
        .isEqualTo(SqlFailure.System);
    assertThat(SqlFailure.classify(new SQLNonTransientConnectionException()))
        .isEqualTo(SqlFailure.System);
    assertThat(SqlFailure.classify(new SQLException("no"))).isEqualTo(SqlFailure.Unknown);
  }

  @Test
  void a_batch_is_judged_by_the_first_exception_that_has_a_code() {
    SQLException batch = new BatchUpdateException();
    batch.setNextException(new SQLException("no", "23505"));
    assertThat(SqlFailure.classify(batch)).isEqualTo(SqlFailure.Record);
  }
}
