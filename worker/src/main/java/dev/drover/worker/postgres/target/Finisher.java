package dev.drover.worker.postgres.target;

import dev.drover.worker.database.Finished;
import dev.drover.worker.postgres.session.SqlFailure;
import dev.drover.worker.postgres.types.Quote;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What is left to do at a target once a load stage has decided all it will get: indexes and foreign
 * keys that were deferred are built, sequences moved past the rows, statistics gathered. Each part
 * is a transaction of its own and does nothing where it was done before, so it may be killed at any
 * moment and begun again. Immutable.
 */
public final class Finisher {
  private static final Logger LOG = LoggerFactory.getLogger(Finisher.class);

  /** One worker of a stage does it, the others need not wait for it. */
  private static final String LOCK = "hashtextextended('drover finish ' || '%s', 0)";

  /** A build takes what it takes; waiting for somebody's lock does not, lest others queue up. */
  private static final String SETTINGS =
      """
      SET LOCAL search_path = pg_catalog;
      SET LOCAL statement_timeout = 0;
      SET LOCAL lock_timeout = '10s'
      """;

  /** A row without its parent. */
  private static final String BROKEN = "23503";

  private final String name;
  private final Preparation preparation;
  private final List<String> tables;

  /**
   * @param name unique to the migration and stage
   * @param preparation where is noted what is owed, if anything ever is
   * @param tables the tables that the stage loads, {@code schema.table}
   */
  public Finisher(String name, Preparation preparation, List<String> tables) {
    this.name = name;
    this.preparation = preparation;
    this.tables = List.copyOf(tables);
  }

  /**
   * Does what is left.
   *
   * @param connection without an open transaction
   * @throws SQLException if the server is away, is asked to stop, or has no room
   */
  public Finished finish(Connection connection) throws SQLException {
    connection.setAutoCommit(true);
    String lock = LOCK.formatted(name.replace("'", "''"));
    if (!Statements.ask(connection, "SELECT pg_try_advisory_lock(" + lock + ")")) {
      return new Finished.Elsewhere();
    }
    try {
      List<Finished.Problem> problems =
          preparation.isThere(connection) ? build(connection) : List.of();
      List<String> there = new ArrayList<>();
      for (String table : tables) {
        if (Statements.ask(connection, "SELECT to_regclass(" + literal(table) + ") IS NOT NULL")) {
          there.add(table);
        }
      }
      for (String table : there) {
        number(connection, table);
      }
      for (String table : there) {
        analyze(connection, table);
      }
      return new Finished.Done(problems);
    } finally {
      unlock(connection, lock);
    }
  }

  private List<Finished.Problem> build(Connection connection) throws SQLException {
    List<Finished.Problem> problems = new ArrayList<>();
    for (Deferred one : preparation.owed(connection)) {
      try {
        unhurried(
            connection,
            () -> {
              if (!one.exists(connection)) {
                LOG.info("building {}", one.title());
                Statements.execute(connection, one.definition());
              }
              preparation.settle(connection, one);
            });
      } catch (SQLException e) {
        if (SqlFailure.classify(e) == SqlFailure.System) {
          throw e;
        }
        if (LockHolders.LOCKED.equals(e.getSQLState())) {
          SQLException named =
              LockHolders.named(
                  e, connection, LockHolders.Wait.ForBuild, List.of(Quote.table(one.table())));
          throw new SQLException(
              "building " + one.title() + ": " + named.getMessage(), LockHolders.LOCKED, named);
        }
        problems.add(problem(one, e));
      }
    }
    return problems;
  }

  private Finished.Problem problem(Deferred one, SQLException e) {
    String otherwise =
        "It is tried again; to go without it, delete its row from " + preparation.displayName();
    if (BROKEN.equals(e.getSQLState())) {
      String keys = one.definition().replaceFirst("(?s)^.*? ADD CONSTRAINT ", "");
      return new Finished.Problem(
          "ForeignKeyBroken",
          "%s does not hold, since rows were loaded whose parent is not there: replay or load the parents, or delete the orphans (%s). %s"
              .formatted(one.title(), keys, otherwise));
    }
    return new Finished.Problem(
        "IndexNotBuilt",
        "%s; mend the cause, or make it by hand under that name. %s"
            .formatted(TargetFailure.of("building " + one.title(), e).getMessage(), otherwise));
  }

  /**
   * Without the privilege the server skips the table with a warning. What an index's own function
   * makes of this is nobody's fault here, and the server gathers statistics by itself in a while.
   */
  private static void analyze(Connection connection, String table) throws SQLException {
    String analyze = "ANALYZE " + Quote.table(table);
    try {
      unhurried(connection, () -> Statements.execute(connection, analyze));
    } catch (SQLException e) {
      if (SqlFailure.classify(e) == SqlFailure.System
          || LockHolders.LOCKED.equals(e.getSQLState())) {
        throw e;
      }
      LOG.warn(
          "{} has no statistics yet: ANALYZE was refused, SQLSTATE {}; run it by hand",
          table,
          e.getSQLState());
    }
  }

  private static void number(Connection connection, String table) throws SQLException {
    for (Sequence sequence : Sequence.of(connection, table)) {
      if (sequence.settable()) {
        unhurried(connection, () -> sequence.pass(connection, table));
      }
    }
  }

  private static void unhurried(Connection connection, Statements.Work work) throws SQLException {
    Statements.inTransaction(
        connection,
        () -> {
          Statements.execute(connection, SETTINGS);
          work.run();
        });
  }

  private static String literal(String table) {
    return Quote.literal(Quote.table(table));
  }

  /** The lock ends with the session at the latest. */
  private static void unlock(Connection connection, String lock) {
    try {
      Statements.ask(connection, "SELECT pg_advisory_unlock(" + lock + ")");
    } catch (SQLException e) {
      LOG.debug("the session is gone, and its lock with it", e);
    }
  }
}
