package dev.drover.worker.postgres.target;

import dev.drover.wire.plan.StageSpec.LoadMode;
import dev.drover.worker.database.LoadBatch;
import dev.drover.worker.database.LoadBatch.Patience;
import dev.drover.worker.database.LoadOutcome;
import dev.drover.worker.database.SystemFailure;
import dev.drover.worker.postgres.session.KeptSession;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Loads batches over one connection, each batch once in effect: its decision in the ledger and its
 * rows are one transaction. Keeps staging tables and what it learnt about conflicts for as long as
 * the connection lives. Owns the connection's transactions, does not close it. Not thread-safe.
 */
public final class Loader {
  private static final Logger LOG = LoggerFactory.getLogger(Loader.class);

  /** A buffer that grew beyond this is not kept for the next load. */
  private static final int KEPT_BUFFER = 32 << 20;

  private final Connection connection;
  private final LoadMode mode;
  private final @Nullable LedgerEntries ledger;
  private final ServerSide serverSide;
  private final Map<String, StagingCadence> cadences = new HashMap<>();
  private Set<String> stagingTables = Set.of();
  private CopyBuffer buffer = new CopyBuffer(1 << 20);
  private int attempts;

  /**
   * @param connection a session of the PostgreSQL driver, without an open transaction
   * @param mode how rows are written
   * @param ledger where decisions are kept; null if the target permits none, when a batch that
   *     comes twice is written twice
   * @throws SystemFailure if the session cannot be prepared
   */
  public Loader(Connection connection, LoadMode mode, @Nullable Ledger ledger)
      throws SystemFailure {
    this.connection = connection;
    this.mode = mode;
    this.ledger = ledger == null ? null : new LedgerEntries(ledger, connection);
    try {
      // Read committed: after waiting for another transaction's claim, its decision must be seen.
      connection.setTransactionIsolation(Connection.TRANSACTION_READ_COMMITTED);
      LockHolders.limitWaits(connection);
      serverSide = ServerSide.of(connection);
      connection.setAutoCommit(false);
    } catch (SQLException e) {
      throw TargetFailure.of("loading session", e);
    }
  }

  /**
   * Loads batches into one table in one transaction. Batches that are decided already write
   * nothing; of a batch that occurs twice in the list the first is loaded.
   *
   * @return the outcomes, in the order of the batches; all of them durable
   * @throws SystemFailure if nothing was decided, or the connection broke while committing, when
   *     the ledger tells the next attempt; if it waited for a lock in vain, it says who holds one
   */
  public List<LoadOutcome> load(TargetTable table, List<LoadBatch> batches) throws SystemFailure {
    try {
      return loadOnce(table, batches);
    } catch (SystemFailure e) {
      throw TargetFailure.isLocked(e) && e.getCause() instanceof SQLException cause
          ? TargetFailure.of("loading " + table.displayName(), holdersNamed(cause, table))
          : e;
    }
  }

  private SQLException holdersNamed(SQLException locked, TargetTable table) {
    List<String> touched = new ArrayList<>(List.of(table.sqlName()));
    if (ledger != null) {
      touched.add(ledger.sqlName());
    }
    return LockHolders.named(locked, connection, LockHolders.Wait.ForRows, touched);
  }

  private List<LoadOutcome> loadOnce(TargetTable table, List<LoadBatch> batches)
      throws SystemFailure {
    boolean committed = false;
    attempts = 0;
    try {
      Set<String> staging = new HashSet<>(stagingTables);
      Map<String, LoadOutcome> outcomes = decide(table, batches, staging);
      Optional<LoadOutcome> undecided = stillWaiting(batches, outcomes);
      if (undecided.isPresent()) {
        return List.of(undecided.get());
      }
      connection.commit();
      committed = true;
      stagingTables = staging;
      return inOrder(batches, outcomes);
    } catch (SQLException e) {
      throw TargetFailure.of("loading " + table.displayName(), e);
    } finally {
      if (!committed) {
        rollBack();
      }
      if (buffer.bytes().length > KEPT_BUFFER) {
        buffer = new CopyBuffer(1 << 20);
      }
    }
  }

  /** A batch that has waited in vain once more: rolling back leaves it undecided. */
  private static Optional<LoadOutcome> stillWaiting(
      List<LoadBatch> batches, Map<String, LoadOutcome> outcomes) {
    if (batches.stream().noneMatch(b -> b.patience() == Patience.OnlyProgress)) {
      return Optional.empty();
    }
    if (batches.size() > 1) {
      throw new IllegalArgumentException("a batch that waited is alone in its transaction");
    }
    LoadOutcome only = Objects.requireNonNull(outcomes.get(batches.getFirst().batchId()));
    return only instanceof LoadOutcome.Loaded loaded
            && loaded.counts().waiting() == loaded.counts().in()
        ? Optional.of(new LoadOutcome.StillWaiting(loaded.counts(), loaded.verdicts()))
        : Optional.empty();
  }

  /** How many ranges of rows the last load wrote, refused ones included; for tests and metrics. */
  public int attempts() {
    return attempts;
  }

  private Map<String, LoadOutcome> decide(
      TargetTable table, List<LoadBatch> batches, Set<String> staging)
      throws SQLException, SystemFailure {
    Map<String, LoadBatch> distinct = new LinkedHashMap<>();
    batches.forEach(batch -> distinct.putIfAbsent(batch.batchId(), batch));
    Map<String, LoadOutcome> outcomes = new HashMap<>();
    KeptSession.require(connection);
    List<LoadBatch> claimed = claim(distinct, outcomes);
    for (List<LoadBatch> alike : byColumns(claimed)) {
      outcomes.putAll(write(table, alike, staging));
    }
    if (!claimed.isEmpty()) {
      // What was judged by types that are others now might have been rounded or cut.
      TargetCatalog.requireAsFound(connection, table);
      if (mode == LoadMode.Upsert) {
        TargetCatalog.requireUpsertsAsFound(connection, table);
      }
    }
    if (ledger != null) {
      for (LoadBatch batch : claimed) {
        LoadOutcome outcome = Objects.requireNonNull(outcomes.get(batch.batchId()));
        if (!outcome.verdicts().isEmpty()) {
          ledger.complete(batch.batchId(), outcome.counts(), outcome.verdicts());
        }
      }
    }
    return outcomes;
  }

  /** The batches that are ours to decide; the decisions on the others go into {@code outcomes}. */
  private List<LoadBatch> claim(Map<String, LoadBatch> batches, Map<String, LoadOutcome> outcomes)
      throws SQLException {
    if (ledger == null) {
      return List.copyOf(batches.values());
    }
    List<LoadBatch> sorted =
        batches.values().stream().sorted(Comparator.comparing(LoadBatch::batchId)).toList();
    Set<String> ours = ledger.claim(sorted);
    if (ours.size() < batches.size()) {
      Set<String> others = new HashSet<>(batches.keySet());
      others.removeAll(ours);
      outcomes.putAll(ledger.decided(others));
    }
    return batches.values().stream().filter(batch -> ours.contains(batch.batchId())).toList();
  }

  private static Iterable<List<LoadBatch>> byColumns(List<LoadBatch> batches) {
    Map<List<String>, List<LoadBatch>> groups = new LinkedHashMap<>();
    for (LoadBatch batch : batches) {
      groups.computeIfAbsent(batch.schema().columnNames(), columns -> new ArrayList<>()).add(batch);
    }
    return groups.values();
  }

  private Map<String, LoadOutcome> write(
      TargetTable table, List<LoadBatch> batches, Set<String> staging)
      throws SQLException, SystemFailure {
    CopyFormat format = CopyFormat.of(table, batches.stream().map(LoadBatch::schema).toList());
    EncodedRows rows =
        EncodedRows.of(format, batches.stream().map(LoadBatch::rows).toList(), buffer);
    StagingCadence cadence =
        cadences.computeIfAbsent(table.sqlName(), name -> new StagingCadence());
    TableWrite write = new TableWrite(connection, table, mode, cadence, staging, serverSide);
    Map<Integer, Refusal> refused = Losses.write(table, batches, rows, write::write);
    attempts += write.attempts();
    Map<String, LoadOutcome> outcomes = new HashMap<>();
    int start = 0;
    for (LoadBatch batch : batches) {
      outcomes.put(batch.batchId(), Settlement.of(table, batch, start, refused));
      start += batch.rows().size();
    }
    return outcomes;
  }

  private static List<LoadOutcome> inOrder(
      List<LoadBatch> batches, Map<String, LoadOutcome> outcomes) {
    List<LoadOutcome> ordered = new ArrayList<>(batches.size());
    Map<String, LoadBatch> seen = new HashMap<>();
    for (LoadBatch batch : batches) {
      LoadOutcome outcome = Objects.requireNonNull(outcomes.get(batch.batchId()));
      LoadBatch first = seen.putIfAbsent(batch.batchId(), batch);
      ordered.add(first == null ? outcome : Settlement.repeated(first, outcome));
    }
    return ordered;
  }

  /** A connection that cannot roll back is gone, and the server rolls back by itself. */
  private void rollBack() {
    try {
      connection.rollback();
    } catch (SQLException e) {
      LOG.debug("rolling back: {}", e.getSQLState());
    }
  }
}
