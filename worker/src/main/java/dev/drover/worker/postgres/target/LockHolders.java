package dev.drover.worker.postgres.target;

import dev.drover.worker.postgres.session.KeptSession;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;

/**
 * Who holds the lock that a statement has waited for in vain, by the server's own lists of locks
 * and sessions. It is asked after the wait was given up, over the very session that waited, so it
 * needs no other: a second one might exceed the connection's cap. The server tells who blocks whom
 * only while one waits, but whoever did still holds a lock on a table that the statement touched.
 */
final class LockHolders {
  /** A lock was waited for as long as the session allows. */
  static final String LOCKED = "55P03";

  /** Longer than any load of Drover's own keeps others waiting, short for a person. */
  private static final String LIMIT =
      """
      SELECT pg_catalog.set_config('lock_timeout', '5s', false) FROM pg_catalog.pg_settings
      WHERE name = 'lock_timeout' AND (setting::int8 = 0 OR setting::int8 > 5000);
      """;

  /** The server's lock modes, from the weakest to the strongest. */
  private static final List<String> MODES =
      List.of(
          "AccessShareLock",
          "RowShareLock",
          "RowExclusiveLock",
          "ShareUpdateExclusiveLock",
          "ShareLock",
          "ShareRowExclusiveLock",
          "ExclusiveLock",
          "AccessExclusiveLock");

  /** What is done when a lock is waited for, and what locks of others hold that up. */
  enum Wait {
    /** Rows are written: a lock on the whole table, or on a row of it or of a parent's. */
    ForRows("ShareLock", "ExclusiveLock"),
    /** An index or a foreign key is built: whoever writes, or does such work himself. */
    ForBuild("RowExclusiveLock", "RowExclusiveLock"),
    /** A table is changed: anybody. */
    ForChange("AccessShareLock", "AccessShareLock");

    private final List<String> onTable;
    private final List<String> onParents;

    /** From which mode on a lock on the table, and on one that it points to, is in the way. */
    Wait(String onTable, String onParents) {
      this.onTable = MODES.subList(MODES.indexOf(onTable), MODES.size());
      this.onParents = MODES.subList(MODES.indexOf(onParents), MODES.size());
    }
  }

  private static final int SHOWN = 3;

  /**
   * Locks on the tables, their partitions and the tables that their foreign keys point to. A strong
   * one conflicts with what was wanted of a table as a whole. Where none does, rows are written and
   * a row was waited for, or a transaction that has written the same key: by then that was open for
   * longer than the wait, and it does not wait itself. A prepared transaction has no process.
   */
  private static final String QUERY =
      """
      WITH named(oid) AS (
        SELECT pg_catalog.to_regclass(name)::oid FROM pg_catalog.unnest(?::text[]) AS name
      ), touched(oid, strong) AS (
        SELECT oid, ?::text[] FROM named
        UNION ALL
        SELECT p.relid, ?::text[] FROM named n, pg_catalog.pg_partition_tree(n.oid) p
        WHERE p.relid <> n.oid
        UNION ALL
        SELECT c.confrelid, ?::text[] FROM named n
        JOIN pg_catalog.pg_constraint c ON c.contype = 'f' AND c.conrelid = n.oid
      ), held AS (
        SELECT l.pid, l.relation, a.application_name, a.backend_type, a.state,
          extract(epoch FROM pg_catalog.clock_timestamp() - a.xact_start)::int8 AS seconds,
          l.mode = ANY (t.strong) AS strong
        FROM touched t
        JOIN pg_catalog.pg_locks l ON l.locktype = 'relation' AND l.relation = t.oid AND l.granted
        LEFT JOIN pg_catalog.pg_stat_activity a ON a.pid = l.pid
        WHERE l.database = (SELECT oid FROM pg_catalog.pg_database
            WHERE datname = pg_catalog.current_database())
          AND l.pid IS DISTINCT FROM pg_catalog.pg_backend_pid()
          AND (l.mode = ANY (t.strong)
            OR ? AND l.mode IN ('RowShareLock', 'RowExclusiveLock')
              AND a.wait_event_type IS DISTINCT FROM 'Lock'
              AND (a.xact_start IS NULL OR a.xact_start < pg_catalog.clock_timestamp()
                - pg_catalog.current_setting('lock_timeout')::interval))
      )
      SELECT pid, coalesce(nullif(application_name, ''), backend_type, '') AS name,
        coalesce(state, '') AS state, seconds,
        pg_catalog.string_agg(DISTINCT relation::regclass::text, ', ') AS tables
      FROM held GROUP BY 1, 2, 3, 4 ORDER BY pg_catalog.bool_or(strong) DESC, seconds DESC NULLS LAST
      """;

  private LockHolders() {}

  /** Bounds a session's waits for locks, unless the login's own bound is closer. */
  static void limitWaits(Connection session) throws SQLException {
    KeptSession.set(session, LIMIT);
  }

  /**
   * The same failure with the holders named, if it is that of a wait given up.
   *
   * @param session with no transaction open, or one in which nothing is to be kept
   * @param tables what the statement touched, quoted as SQL needs it
   */
  static SQLException named(
      SQLException failure, Connection session, Wait wait, List<String> tables) {
    if (!LOCKED.equals(failure.getSQLState())) {
      return failure;
    }
    String holders = "";
    try {
      holders = ask(session, wait, tables);
      if (!session.getAutoCommit()) {
        session.rollback();
      }
    } catch (SQLException e) {
      failure.addSuppressed(e);
    }
    return new SQLException(
        holders.isEmpty()
            ? "it waited for a lock that no session shows to hold now, and tries again"
            : "it waits for a lock held by "
                + holders
                + "; it goes on by itself when that transaction ends",
        LOCKED,
        failure);
  }

  private static String ask(Connection session, Wait wait, List<String> tables)
      throws SQLException {
    List<String> holders = new ArrayList<>();
    try (PreparedStatement query = session.prepareStatement(QUERY)) {
      query.setArray(1, session.createArrayOf("text", tables.toArray()));
      query.setArray(2, session.createArrayOf("text", wait.onTable.toArray()));
      query.setArray(3, session.createArrayOf("text", wait.onTable.toArray()));
      query.setArray(4, session.createArrayOf("text", wait.onParents.toArray()));
      query.setBoolean(5, wait == Wait.ForRows);
      try (ResultSet row = query.executeQuery()) {
        while (row.next()) {
          holders.add(holder(row));
        }
      }
    }
    String shown = String.join("; ", holders.subList(0, Math.min(SHOWN, holders.size())));
    return holders.size() > SHOWN ? shown + "; " + (holders.size() - SHOWN) + " more" : shown;
  }

  /** Who, on what, since when; never what it runs, in which there may be values. */
  private static String holder(ResultSet row) throws SQLException {
    long pid = row.getLong("pid");
    boolean prepared = row.wasNull();
    long seconds = row.getLong("seconds");
    OptionalLong open = row.wasNull() ? OptionalLong.empty() : OptionalLong.of(seconds);
    String name = row.getString("name");
    String who =
        prepared
            ? "a prepared transaction (see pg_prepared_xacts)"
            : "process " + pid + (name.isEmpty() ? "" : " (" + name + ")");
    String state = row.getString("state");
    return who
        + " on "
        + row.getString("tables")
        + (state.isEmpty() ? "" : ", " + state)
        + (open.isPresent() ? ", open for " + open.getAsLong() + " s" : "");
  }
}
