package dev.drover.worker.postgres.target;

import dev.drover.wire.plan.NewTable;
import dev.drover.wire.plan.NewTable.NewEnum;
import dev.drover.wire.plan.StageSpec.Indexes;
import dev.drover.worker.postgres.types.Quote;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Makes a target's tables ready, each once for a stage, whatever is killed and however many workers
 * try: makes a table that is missing, and drops what is deferred. A table that was ready once and
 * is gone is not made again, for what was loaded into it is gone as well. Immutable.
 */
public final class TablePreparer {
  private static final Logger LOG = LoggerFactory.getLogger(TablePreparer.class);

  /** Serialises preparations, which may share types and schemas; arbitrary. */
  private static final long LOCK = 7_237_954_630_876_213_605L;

  /** A long transaction at the target must not make everyone else queue behind a waiting drop. */
  private static final String SETTINGS =
      "SET LOCAL search_path = pg_catalog; SET LOCAL lock_timeout = '10s'";

  private final Preparation preparation;
  private final Map<String, NewTable> newTables;
  private final Indexes indexes;

  /**
   * @param newTables tables to make if they are missing
   * @param indexes what becomes of secondary indexes and foreign keys
   */
  public TablePreparer(Preparation preparation, List<NewTable> newTables, Indexes indexes) {
    this.preparation = preparation;
    this.newTables = new TreeMap<>();
    newTables.forEach(table -> this.newTables.putIfAbsent(table.table(), table));
    this.indexes = indexes;
  }

  /** Where is noted what was done. */
  Preparation preparation() {
    return preparation;
  }

  /**
   * Makes ready where the stage keeps its notes, and perhaps its ledger.
   *
   * @param connection without an open transaction
   */
  public void begin(Connection connection) throws SQLException {
    if (!newTables.isEmpty()) {
      Statements.inTransaction(
          connection,
          () -> {
            Statements.execute(connection, "SELECT pg_advisory_xact_lock(" + LOCK + ")");
            createSchema(connection, preparation.schema());
          });
    }
    if (!preparation.ensure(connection)) {
      throw new SQLException(
          "the login may not keep table %s: let it create tables in schema %s"
              .formatted(preparation.displayName(), preparation.schema()),
          "42501");
    }
  }

  /**
   * Makes a table ready, in a transaction of its own.
   *
   * @param connection without an open transaction
   * @param table {@code schema.table}
   * @throws SQLException with SQLSTATE 55P03 if somebody holds a lock on it, saying who
   */
  public void prepare(Connection connection, String table) throws SQLException {
    try {
      prepareInTransaction(connection, table);
    } catch (SQLException e) {
      throw LockHolders.named(
          e, connection, LockHolders.Wait.ForChange, List.of(Quote.table(table)));
    }
  }

  private void prepareInTransaction(Connection connection, String table) throws SQLException {
    Statements.inTransaction(
        connection,
        () -> {
          if (!preparation.isReady(connection, table)) {
            Statements.execute(connection, "SELECT pg_advisory_xact_lock(" + LOCK + ")");
            if (!preparation.isReady(connection, table)) {
              prepareWithin(connection, table);
            }
          }
        });
  }

  private void prepareWithin(Connection connection, String table) throws SQLException {
    Statements.execute(connection, SETTINGS);
    boolean there = exists(connection, "to_regclass", Quote.table(table));
    String made = there ? "" : make(connection, table);
    if (!there && made.isEmpty()) {
      return; // a worker of a later plan may know how to make it
    }
    List<Deferred> owed = indexes == Indexes.Defer ? Deferred.of(connection, table) : List.of();
    preparation.note(connection, table, made, owed);
    // Foreign keys go first, though nothing here depends on an index that goes.
    for (Deferred one : owed.reversed()) {
      Statements.execute(connection, one.drop());
    }
    LOG.info(
        "table {} is ready{}, {} indexes and foreign keys are built later",
        table,
        made.isEmpty() ? "" : " and new",
        owed.size());
  }

  /** Makes a table that is missing, if the plan says how; returns the statement that did. */
  private String make(Connection connection, String table) throws SQLException {
    NewTable missing = newTables.get(table);
    if (missing == null) {
      return "";
    }
    createSchema(connection, table.substring(0, table.indexOf('.')));
    for (NewEnum type : missing.enums()) {
      createSchema(connection, type.schema());
      if (!exists(connection, "to_regtype", NewTableSql.name(type))) {
        Statements.execute(connection, NewTableSql.type(type));
      }
    }
    String sql = NewTableSql.table(missing);
    Statements.execute(connection, sql);
    return sql;
  }

  /** Asking first, since {@code IF NOT EXISTS} needs the privilege even where all is there. */
  private static void createSchema(Connection connection, String schema) throws SQLException {
    if (!exists(connection, "to_regnamespace", Quote.identifier(schema))) {
      Statements.execute(connection, "CREATE SCHEMA IF NOT EXISTS " + Quote.identifier(schema));
    }
  }

  private static boolean exists(Connection connection, String function, String name)
      throws SQLException {
    return Statements.ask(
        connection,
        "SELECT pg_catalog.%s(%s) IS NOT NULL".formatted(function, Quote.literal(name)));
  }
}
