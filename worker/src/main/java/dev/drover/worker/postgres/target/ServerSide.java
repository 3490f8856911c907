package dev.drover.worker.postgres.target;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * What one session may do, and has learnt, about isolating refused rows within the server. Not
 * thread-safe.
 */
final class ServerSide {
  /** A routine and the table that it reads are temporary, and the routine is in PL/pgSQL. */
  private static final String POSSIBLE =
      """
      SELECT pg_catalog.has_database_privilege(pg_catalog.current_database(), 'TEMP')
        AND EXISTS (SELECT FROM pg_catalog.pg_language WHERE lanname = 'plpgsql'
          AND pg_catalog.has_language_privilege(oid, 'USAGE'))
        AND pg_catalog.current_setting('server_version_num')::integer >= 120000
      """;

  private final boolean possible;
  private final Map<String, RefusalCadence> cadences = new HashMap<>();
  private final Set<String> unsuited = new HashSet<>();

  private ServerSide(boolean possible) {
    this.possible = possible;
  }

  /** Asks once what the session's login may do. */
  static ServerSide of(Connection session) throws SQLException {
    return new ServerSide(Statements.ask(session, POSSIBLE));
  }

  /**
   * The routine that isolates some rows of a table, if there can be one.
   *
   * @param key the columns by which a row replaces another; empty if rows are inserted only
   */
  Optional<IsolationRoutine> routine(TargetTable table, EncodedRows rows, List<String> key) {
    return possible
        ? IsolationRoutine.of(table, rows.columns(), rows.format(), key).filter(this::mayUse)
        : Optional.empty();
  }

  /** Whether a routine has not failed yet in this session. */
  boolean mayUse(IsolationRoutine routine) {
    return !unsuited.contains(routine.name());
  }

  /** What was learnt about a table; to be updated. */
  RefusalCadence cadence(TargetTable table) {
    return cadences.computeIfAbsent(table.sqlName(), name -> new RefusalCadence());
  }

  /** A routine turned out not to work in this session. */
  void giveUp(IsolationRoutine routine) {
    unsuited.add(routine.name());
  }
}
