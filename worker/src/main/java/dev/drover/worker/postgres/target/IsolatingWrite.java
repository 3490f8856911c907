package dev.drover.worker.postgres.target;

import dev.drover.worker.database.SystemFailure;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Writes rows within an open transaction, behind savepoints, so that all rows are written that the
 * server takes, and each of the others has been refused all by itself.
 */
final class IsolatingWrite {
  /** Deferred constraints are checked at once: at the commit no record could be told any more. */
  private static final String IMMEDIATE = "SET CONSTRAINTS ALL IMMEDIATE; ";

  private static final String WHOLE = "SAVEPOINT drover_table";
  private static final String SAVEPOINT = "SAVEPOINT drover_rows";

  private final Connection connection;
  private final String what;
  private int attempts;

  /**
   * @param what what is written to, for messages
   */
  IsolatingWrite(Connection connection, String what) {
    this.connection = connection;
    this.what = what;
  }

  /** How many ranges were written, refused ones included. */
  int attempts() {
    return attempts;
  }

  /** A range, or more, was written by other means. */
  void countAttempt() {
    attempts++;
  }

  /**
   * Writes the rows that the server takes.
   *
   * @return the rows that were refused and why
   * @throws SystemFailure if the rows are not to blame
   * @throws SQLException if the connection or a savepoint fails
   */
  SortedMap<Integer, Refusal> write(EncodedRows rows, RowWriter writer)
      throws SQLException, SystemFailure {
    execute(IMMEDIATE + SAVEPOINT);
    return isolate(rows, writer, refusal -> false).orElseThrow();
  }

  /**
   * Writes all rows or none of them, in one statement. One that finds a key twice is tried once
   * more: its writer knows then that keys come twice.
   *
   * @return why the server takes none
   */
  Optional<Refusal> writeTogether(EncodedRows rows, RowWriter writer)
      throws SQLException, SystemFailure {
    Optional<Refusal> refusal = writeTogetherOnce(rows, writer);
    return refusal.filter(Refusal::isKeyTwice).isPresent()
        ? writeTogetherOnce(rows, writer)
        : refusal;
  }

  private Optional<Refusal> writeTogetherOnce(EncodedRows rows, RowWriter writer)
      throws SQLException, SystemFailure {
    execute(IMMEDIATE + SAVEPOINT);
    SQLException failure = attempt(rows, writer, 0, rows.size());
    if (failure == null) {
      return Optional.empty();
    }
    Refusal refusal = recordsRefusal(failure);
    execute("ROLLBACK TO " + SAVEPOINT);
    return Optional.of(refusal);
  }

  /**
   * As {@link #write}, but gives the whole write up at certain refusals.
   *
   * @return empty if the write was given up; nothing of it is left then
   */
  Optional<SortedMap<Integer, Refusal>> writeUnless(
      Predicate<Refusal> giveUp, EncodedRows rows, RowWriter writer)
      throws SQLException, SystemFailure {
    execute(IMMEDIATE + WHOLE + "; " + SAVEPOINT);
    Optional<SortedMap<Integer, Refusal>> refused = isolate(rows, writer, giveUp);
    if (refused.isEmpty()) {
      execute("ROLLBACK TO " + WHOLE);
    }
    return refused;
  }

  private Optional<SortedMap<Integer, Refusal>> isolate(
      EncodedRows rows, RowWriter writer, Predicate<Refusal> giveUp)
      throws SQLException, SystemFailure {
    SortedMap<Integer, Refusal> refused = new TreeMap<>();
    Isolation isolation = new Isolation(rows.size());
    boolean probed = false;
    while (!isolation.done()) {
      int from = isolation.from();
      int to = isolation.to();
      SQLException failure = attempt(rows, writer, from, to);
      if (failure == null) {
        isolation.accepted();
        if (!isolation.done()) {
          execute("RELEASE SAVEPOINT drover_rows; " + SAVEPOINT);
        }
        continue;
      }
      Refusal refusal = recordsRefusal(failure);
      if (giveUp.test(refusal)) {
        return Optional.empty();
      }
      execute("ROLLBACK TO " + SAVEPOINT);
      if (!refusal.isRecord() && !probed) {
        probe(rows, writer);
        probed = true;
      }
      if (isolation.refused(refusal.blamed(rows, from, to))) {
        refused.put(from, refusal);
      }
    }
    return Optional.of(refused);
  }

  private @Nullable SQLException attempt(EncodedRows rows, RowWriter writer, int from, int to) {
    attempts++;
    try {
      writer.write(rows, from, to);
      return null;
    } catch (SQLException e) {
      return e;
    }
  }

  private Refusal recordsRefusal(SQLException failure) throws SystemFailure {
    Refusal refusal = Refusal.of(failure);
    if (refusal.isSystem(failure)) {
      throw TargetFailure.of(what, failure);
    }
    return refusal;
  }

  /** No row is to blame for what the server refuses even when no row is written. */
  void probe(EncodedRows rows, RowWriter writer) throws SystemFailure {
    SQLException failure = attempt(rows, writer, 0, 0);
    if (failure != null) {
      throw TargetFailure.of(what, failure);
    }
  }

  private void execute(String sql) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }
}
