package dev.drover.wire.state;

import dev.drover.wire.edges.Edges;
import dev.drover.wire.names.ChainNames;
import dev.drover.wire.names.SplitId;
import dev.drover.wire.plan.ChainPlan;
import dev.drover.wire.plan.ChainSpec;
import dev.drover.wire.plan.KeyRange;
import dev.drover.wire.plan.NewTable;
import dev.drover.wire.plan.TablePlan;
import dev.drover.wire.schema.AvroSchema;
import dev.drover.wire.schema.Fingerprints;
import dev.drover.wire.schema.RecordSchema;
import io.nats.client.Connection;
import io.nats.client.JetStreamApiException;
import io.nats.client.KeyValue;
import io.nats.client.api.KeyValueEntry;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * The state bucket of one migration. Thread-safe. Every method throws {@link IOException} when NATS
 * does not answer and {@link JetStreamApiException} when it refuses.
 */
public final class StateStore {
  /** What keys of checkpoints start with: {@code split.<stage>.<split>}. */
  public static final String SPLITS = "split.";

  /** What keys of stalls start with: {@code stall.<stage>.<pod>}. */
  public static final String STALLS = "stall.";

  /** What keys of an enrich's answers start with: {@code answers.<stage>.<batch>}. */
  public static final String ANSWERS = "answers.";

  /** The key of how far the error queue's sequences may have been given, in decimal. */
  public static final String ERROR_NUMBERS = "errors.numbers";

  /** JetStream's code for a compare-and-set that lost. */
  private static final int WRONG_LAST_SEQUENCE = 10071;

  /** A plan's table is kept in pieces of about so many bytes, well below any max_payload. */
  private static final int PIECE_BYTES = 256 * 1024;

  private final KeyValue bucket;
  private final Map<String, RecordSchema> schemas = new ConcurrentHashMap<>();

  private StateStore(KeyValue bucket) {
    this.bucket = bucket;
  }

  /** The store of a migration, whose bucket exists. */
  public static StateStore open(Connection nats, ChainNames names) throws IOException {
    return new StateStore(nats.keyValue(names.stateBucket()));
  }

  /** The bucket itself, to watch. */
  public KeyValue bucket() {
    return bucket;
  }

  /** Writes a chain's spec under its revision. */
  public void putSpec(String revision, ChainSpec spec) throws IOException, JetStreamApiException {
    bucket.put("spec." + revision, WireJson.bytes(spec));
  }

  /** The spec of a revision. */
  public Optional<ChainSpec> spec(String revision) throws IOException, JetStreamApiException {
    return get("spec." + revision, ChainSpec.class);
  }

  /** Writes a plan under its revision: its tables first, so that a plan that is there is whole. */
  public void putPlan(String revision, ChainPlan plan) throws IOException, JetStreamApiException {
    int index = 0;
    List<Pieces> pieces = new ArrayList<>();
    for (TablePlan table : plan.tables()) {
      putSchema(table.schema());
      pieces.add(putTable("table." + revision + "." + index++, table));
    }
    int made = 0;
    for (NewTable table : plan.newTables()) {
      bucket.put("new." + revision + "." + made++, WireJson.bytes(table));
    }
    ChainPlan head = plan.with(List.of(), List.of());
    bucket.put("plan." + revision, WireJson.bytes(new StoredPlan(head, index, made, pieces)));
  }

  /** The plan of a revision, if planning is done. */
  public Optional<ChainPlan> plan(String revision) throws IOException, JetStreamApiException {
    Optional<StoredPlan> stored = get("plan." + revision, StoredPlan.class);
    if (stored.isEmpty()) {
      return Optional.empty();
    }
    StoredPlan plan = stored.get();
    return Optional.of(
        plan.head()
            .with(
                tables(revision, plan),
                getAll("new." + revision, plan.newTables(), NewTable.class)));
  }

  /**
   * What a plan's key holds.
   *
   * @param pieces where each table's splits are, if they are not with it; null if all are, as once
   *     they were
   */
  private record StoredPlan(
      ChainPlan head, int tables, int newTables, @Nullable List<Pieces> pieces) {}

  /**
   * Pieces of a table's splits.
   *
   * @param name where the table is, and before the number of a piece: of no other planner's, who
   *     may have cut otherwise meanwhile
   * @param count how many; 0 if the table is whole where it is by its number
   */
  private record Pieces(String name, int count) {}

  private record StoredSplits(List<KeyRange> splits) {}

  /** Long keys of many splits may not fit one message. */
  private Pieces putTable(String key, TablePlan table) throws IOException, JetStreamApiException {
    byte[] whole = WireJson.bytes(table);
    if (whole.length <= PIECE_BYTES) {
      bucket.put(key, whole);
      return new Pieces("", 0);
    }
    return putInPieces(key, table, whole);
  }

  private Pieces putInPieces(String key, TablePlan table, byte[] whole)
      throws IOException, JetStreamApiException {
    int size = table.splits().size();
    int each = Math.max(1, (int) ((long) size * PIECE_BYTES / whole.length));
    String name = key + "." + Fingerprints.of(new String(whole, StandardCharsets.UTF_8));
    int pieces = 0;
    for (int from = 0; from < size; from += each) {
      List<KeyRange> some = table.splits().subList(from, Math.min(from + each, size));
      bucket.put(name + "." + pieces++, WireJson.bytes(new StoredSplits(some)));
    }
    bucket.put(name, WireJson.bytes(table.withSplits(List.of())));
    return new Pieces(name, pieces);
  }

  private List<TablePlan> tables(String revision, StoredPlan plan)
      throws IOException, JetStreamApiException {
    String prefix = "table." + revision;
    List<Pieces> pieces = plan.pieces();
    if (pieces == null) {
      return getAll(prefix, plan.tables(), TablePlan.class);
    }
    List<TablePlan> tables = new ArrayList<>();
    for (int i = 0; i < plan.tables(); i++) {
      Pieces apart = pieces.get(i);
      if (apart.count() == 0) {
        tables.add(require(prefix + "." + i, TablePlan.class));
        continue;
      }
      tables.add(fromPieces(apart));
    }
    return tables;
  }

  private TablePlan fromPieces(Pieces apart) throws IOException, JetStreamApiException {
    List<KeyRange> splits = new ArrayList<>();
    for (StoredSplits piece : getAll(apart.name(), apart.count(), StoredSplits.class)) {
      splits.addAll(piece.splits());
    }
    return require(apart.name(), TablePlan.class).withSplits(splits);
  }

  private <T> T require(String key, Class<T> type) throws IOException, JetStreamApiException {
    return get(key, type).orElseThrow(() -> new IOException("the state bucket lacks " + key));
  }

  private <T> List<T> getAll(String prefix, int count, Class<T> type)
      throws IOException, JetStreamApiException {
    List<T> all = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      all.add(require(prefix + "." + i, type));
    }
    return all;
  }

  /** Says why planning is not done yet. */
  public void putPlanProgress(String revision, String text)
      throws IOException, JetStreamApiException {
    bucket.put("progress." + revision, text.getBytes(StandardCharsets.UTF_8));
  }

  /** Why planning is not done yet, if it said so. */
  public Optional<String> planProgress(String revision) throws IOException, JetStreamApiException {
    KeyValueEntry entry = bucket.get("progress." + revision);
    return entry == null ? Optional.empty() : Optional.ofNullable(entry.getValueAsString());
  }

  /** Makes a schema known by its fingerprint, which is returned. */
  public String putSchema(RecordSchema schema) throws IOException, JetStreamApiException {
    String fingerprint = schema.fingerprint();
    if (!schemas.containsKey(fingerprint)) {
      bucket.put("schema." + fingerprint, AvroSchema.of(schema).getBytes(StandardCharsets.UTF_8));
      schemas.put(fingerprint, schema);
    }
    return fingerprint;
  }

  /**
   * The schema of a fingerprint.
   *
   * @throws IOException also if the bucket does not have it
   */
  public RecordSchema schema(String fingerprint) throws IOException, JetStreamApiException {
    RecordSchema known = schemas.get(fingerprint);
    if (known != null) {
      return known;
    }
    KeyValueEntry entry = bucket.get("schema." + fingerprint);
    if (entry == null || entry.getValue() == null) {
      throw new IOException("the state bucket lacks schema " + fingerprint);
    }
    RecordSchema schema = AvroSchema.parse(new String(entry.getValue(), StandardCharsets.UTF_8));
    schemas.put(fingerprint, schema);
    return schema;
  }

  /**
   * Writes down how a table is cut, unless that is written already.
   *
   * @return the table as it was cut first; its schema and the rest are of that time
   */
  public TablePlan settleCut(TablePlan table) throws IOException, JetStreamApiException {
    String key = "cut." + table.stage() + "." + SplitId.hash(table.table());
    Optional<TablePlan> first = cut(key);
    if (first.isPresent()) {
      return first.get();
    }
    byte[] whole = WireJson.bytes(table);
    byte[] value =
        whole.length <= PIECE_BYTES
            ? whole
            : WireJson.bytes(new StoredCut(putInPieces(key, table, whole)));
    try {
      bucket.create(key, value);
      return table;
    } catch (JetStreamApiException e) {
      if (e.getApiErrorCode() != WRONG_LAST_SEQUENCE) {
        throw e;
      }
      return cut(key)
          .orElseThrow(() -> new IOException("the state bucket refused and lacks " + key));
    }
  }

  /**
   * What a cut's key holds where its table does not fit one message; else that is the table itself.
   */
  private record StoredCut(@Nullable Pieces pieces) {}

  private Optional<TablePlan> cut(String key) throws IOException, JetStreamApiException {
    Optional<StoredCut> stored = get(key, StoredCut.class);
    if (stored.isEmpty()) {
      return Optional.empty();
    }
    Pieces apart = stored.get().pieces();
    return apart == null ? get(key, TablePlan.class) : Optional.of(fromPieces(apart));
  }

  /** The key of a split's checkpoint. */
  public static String splitKey(String stage, SplitId split) {
    return SPLITS + stage + "." + split;
  }

  /** A split's checkpoint, if it was ever claimed. */
  public Optional<Versioned<SplitCheckpoint>> checkpoint(String stage, SplitId split)
      throws IOException, JetStreamApiException {
    KeyValueEntry entry = bucket.get(splitKey(stage, split));
    return entry == null || entry.getValue() == null
        ? Optional.empty()
        : Optional.of(
            new Versioned<>(
                WireJson.parse(entry.getValue(), SplitCheckpoint.class), entry.getRevision()));
  }

  /**
   * Writes a split's first checkpoint.
   *
   * @throws LostClaimException if somebody else did
   */
  public Versioned<SplitCheckpoint> create(String stage, SplitId split, SplitCheckpoint first)
      throws IOException, JetStreamApiException, LostClaimException {
    return write(
        stage, split, first, () -> bucket.create(splitKey(stage, split), WireJson.bytes(first)));
  }

  /**
   * Writes a split's first checkpoint, unless it has one.
   *
   * @return whether it had none
   */
  public boolean createUnlessThere(String stage, SplitId split, SplitCheckpoint first)
      throws IOException, JetStreamApiException {
    try {
      create(stage, split, first);
      return true;
    } catch (LostClaimException e) {
      return false;
    }
  }

  /**
   * Writes a split's next checkpoint over the one that the caller read or wrote last.
   *
   * @throws LostClaimException if somebody else wrote since
   */
  public Versioned<SplitCheckpoint> update(
      String stage, SplitId split, Versioned<SplitCheckpoint> last, SplitCheckpoint next)
      throws IOException, JetStreamApiException, LostClaimException {
    return write(
        stage,
        split,
        next,
        () -> bucket.update(splitKey(stage, split), WireJson.bytes(next), last.revision()));
  }

  private static Versioned<SplitCheckpoint> write(
      String stage, SplitId split, SplitCheckpoint value, Write write)
      throws IOException, JetStreamApiException, LostClaimException {
    try {
      return new Versioned<>(value, write.run());
    } catch (JetStreamApiException e) {
      if (e.getApiErrorCode() == WRONG_LAST_SEQUENCE) {
        throw new LostClaimException(stage, split);
      }
      throw e;
    }
  }

  @FunctionalInterface
  private interface Write {
    long run() throws IOException, JetStreamApiException;
  }

  /** The snapshot of an extract stage, if one was ever taken. */
  public Optional<Versioned<SourceSnapshot>> snapshot(String stage)
      throws IOException, JetStreamApiException {
    KeyValueEntry entry = bucket.get(SourceSnapshot.key(stage));
    return entry == null || entry.getValue() == null
        ? Optional.empty()
        : Optional.of(
            new Versioned<>(
                WireJson.parse(entry.getValue(), SourceSnapshot.class), entry.getRevision()));
  }

  /**
   * Writes the snapshot of an extract stage over what the caller has read.
   *
   * @param last what was there; empty if nothing ever was
   * @return false if somebody else has written since: then nothing was written
   */
  public boolean putSnapshot(
      String stage, Optional<Versioned<SourceSnapshot>> last, SourceSnapshot next)
      throws IOException, JetStreamApiException {
    try {
      bucket.update(
          SourceSnapshot.key(stage),
          WireJson.bytes(next),
          last.map(Versioned::revision).orElse(0L));
      return true;
    } catch (JetStreamApiException e) {
      if (e.getApiErrorCode() == WRONG_LAST_SEQUENCE) {
        return false;
      }
      throw e;
    }
  }

  /** Which stage reads which queue, if it was ever written down. */
  public Optional<Versioned<Edges>> edges() throws IOException, JetStreamApiException {
    KeyValueEntry entry = bucket.get(Edges.KEY);
    return entry == null || entry.getValue() == null
        ? Optional.empty()
        : Optional.of(
            new Versioned<>(WireJson.parse(entry.getValue(), Edges.class), entry.getRevision()));
  }

  /**
   * Writes down which stage reads which queue, over what the caller has read.
   *
   * @return what was written; empty if somebody else has written since: then nothing was
   */
  public Optional<Versioned<Edges>> putEdges(Optional<Versioned<Edges>> last, Edges next)
      throws IOException, JetStreamApiException {
    try {
      long revision =
          bucket.update(Edges.KEY, WireJson.bytes(next), last.map(Versioned::revision).orElse(0L));
      return Optional.of(new Versioned<>(next, revision));
    } catch (JetStreamApiException e) {
      if (e.getApiErrorCode() == WRONG_LAST_SEQUENCE) {
        return Optional.empty();
      }
      throw e;
    }
  }

  private <T> Optional<T> get(String key, Class<T> type) throws IOException, JetStreamApiException {
    KeyValueEntry entry = bucket.get(key);
    return entry == null || entry.getValue() == null
        ? Optional.empty()
        : Optional.of(WireJson.parse(entry.getValue(), type));
  }

  /** A value and the revision by which the next write proves that it saw it. */
  public record Versioned<T>(T value, long revision) {}

  /** Somebody else claimed the split: whoever gets this stops working on it. */
  public static final class LostClaimException extends Exception {
    LostClaimException(String stage, SplitId split) {
      super("split " + split + " of stage " + stage + " was claimed by another worker");
    }
  }
}
