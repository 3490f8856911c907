package dev.drover.worker.postgres.target;

import dev.drover.wire.plan.StageSpec.LoadMode;
import dev.drover.worker.database.SystemFailure;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * Writes the rows of one transaction that have the same columns, by the way that their mode and
 * what was learnt about the table ask for.
 */
final class TableWrite {
  /** As the server says where {@code ON CONFLICT} finds no unique index. */
  private static final String NO_KEY = "42P10";

  private final Connection connection;
  private final TargetTable table;
  private final LoadMode mode;
  private final StagingCadence cadence;
  private final Set<String> stagingTables;
  private final ServerSide serverSide;
  private final IsolatingWrite isolating;

  /**
   * @param cadence what was learnt about the table; updated
   * @param stagingTables names of the staging tables that this session has; updated
   * @param serverSide what the session may do within the server; updated
   */
  TableWrite(
      Connection connection,
      TargetTable table,
      LoadMode mode,
      StagingCadence cadence,
      Set<String> stagingTables,
      ServerSide serverSide) {
    this.connection = connection;
    this.table = table;
    this.mode = mode;
    this.cadence = cadence;
    this.stagingTables = stagingTables;
    this.serverSide = serverSide;
    this.isolating = new IsolatingWrite(connection, "table " + table.displayName());
  }

  /** How many ranges were written, refused ones included. */
  int attempts() {
    return isolating.attempts();
  }

  /**
   * Writes what the server takes.
   *
   * @return the rows that it refused, each by itself, and why
   */
  SortedMap<Integer, Refusal> write(EncodedRows rows) throws SQLException, SystemFailure {
    return switch (mode) {
      case Insert -> settle(rows, copy(rows), isolated(rows, List.of()));
      case Upsert -> upsert(rows);
    };
  }

  private SortedMap<Integer, Refusal> upsert(EncodedRows rows) throws SQLException, SystemFailure {
    Optional<IsolationRoutine> routine = isolated(rows, key(rows));
    if (routine.isPresent()) {
      return upsertWithin(rows, routine.get());
    }
    if (!cadence.stageNext()) {
      Optional<SortedMap<Integer, Refusal>> copied =
          isolating.writeUnless(Refusal::isDuplicate, rows, copy(rows));
      if (copied.isPresent()) {
        cadence.clear();
        return mendStaged(rows, copied.get());
      }
      cadence.conflicted();
    }
    return settle(rows, staged(rows), Optional.empty());
  }

  /** A row that is refused for another reason than its key may have a key that exists. */
  private SortedMap<Integer, Refusal> upsertWithin(EncodedRows rows, IsolationRoutine routine)
      throws SQLException, SystemFailure {
    if (!serverSide.cadence(table).expectsRefusals() && !cadence.stageNext()) {
      Optional<Refusal> refusal = isolating.writeTogether(rows, copy(rows));
      if (refusal.isEmpty()) {
        cadence.clear();
        serverSide.cadence(table).loaded(false);
        return new TreeMap<>();
      }
      if (!refusal.get().isDuplicate()) {
        RowWriter staged = staged(rows);
        return mend(rows, isolate(rows, staged, routine), staged, Optional.of(routine));
      }
      cadence.conflicted();
    }
    return settle(rows, staged(rows), Optional.of(routine));
  }

  /** A row that is copied late may meet its key in a row after it, so it goes through staging. */
  private SortedMap<Integer, Refusal> mendStaged(
      EncodedRows rows, SortedMap<Integer, Refusal> refused) throws SQLException, SystemFailure {
    return refused.isEmpty() || table.selfReferences().isEmpty()
        ? superseded(rows).without(refused)
        : mend(rows, refused, staged(rows), Optional.empty());
  }

  private SortedMap<Integer, Refusal> settle(
      EncodedRows rows, RowWriter writer, Optional<IsolationRoutine> routine)
      throws SQLException, SystemFailure {
    if (routine.isEmpty()) {
      return mend(rows, isolating.write(rows, writer), writer, routine);
    }
    if (!serverSide.cadence(table).expectsRefusals()
        && isolating.writeTogether(rows, writer).isEmpty()) {
      serverSide.cadence(table).loaded(false);
      return new TreeMap<>();
    }
    return mend(rows, isolate(rows, writer, routine.get()), writer, routine);
  }

  private SortedMap<Integer, Refusal> isolate(
      EncodedRows rows, RowWriter writer, IsolationRoutine routine)
      throws SQLException, SystemFailure {
    SortedMap<Integer, Refusal> refused = isolateWithin(rows, writer, routine);
    serverSide.cadence(table).loaded(!refused.isEmpty());
    return refused;
  }

  private SortedMap<Integer, Refusal> isolateWithin(
      EncodedRows rows, RowWriter writer, IsolationRoutine routine)
      throws SQLException, SystemFailure {
    Optional<SortedMap<Integer, Refusal>> refused =
        serverSide.mayUse(routine)
            ? new ServerSideIsolation(connection, table, isolating, routine).write(rows, writer)
            : Optional.empty();
    if (refused.isEmpty()) {
      serverSide.giveUp(routine);
      return isolating.write(rows, writer);
    }
    return refused.get();
  }

  /** A single row needs no isolation: if it is refused, then by itself. */
  private Optional<IsolationRoutine> isolated(EncodedRows rows, List<String> key) {
    return rows.size() > 1 ? serverSide.routine(table, rows, key) : Optional.empty();
  }

  private SortedMap<Integer, Refusal> mend(
      EncodedRows rows,
      SortedMap<Integer, Refusal> refused,
      RowWriter writer,
      Optional<IsolationRoutine> routine)
      throws SQLException, SystemFailure {
    if (refused.isEmpty()) {
      return refused;
    }
    Superseded superseded = superseded(rows);
    Losses.Write again =
        routine.isEmpty()
            ? some -> isolating.write(some, writer)
            : some -> isolateWithin(some, writer, routine.get());
    TornReferences torn =
        new TornReferences(table.selfReferences(), superseded.key(), isolating, writer, again);
    // Once more for what a row that was written late has replaced.
    return superseded.without(torn.mend(rows, superseded.without(refused)));
  }

  private Superseded superseded(EncodedRows rows) {
    List<String> key =
        mode == LoadMode.Upsert ? table.keyWithin(rows.columns()).orElse(List.of()) : List.of();
    return new Superseded(rows, key);
  }

  private RowWriter copy(EncodedRows rows) throws SQLException {
    return new CopyWriter(connection, table.sqlName(), rows.columns());
  }

  private RowWriter staged(EncodedRows rows) throws SQLException, SystemFailure {
    List<String> key = key(rows);
    if (stagingTables.add(StagedWriter.stagingName(table, rows.columns()))) {
      StagedWriter.createStaging(connection, table, rows.columns());
    }
    return new StagedWriter(connection, table, rows.columns(), key, cadence);
  }

  private List<String> key(EncodedRows rows) throws SystemFailure {
    return table
        .keyWithin(rows.columns())
        .orElseThrow(
            () ->
                TargetFailure.of(
                    NO_KEY,
                    "mode Upsert: the records bring no key of table " + table.displayName()));
  }
}
