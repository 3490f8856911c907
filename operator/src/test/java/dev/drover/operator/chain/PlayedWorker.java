package dev.drover.operator.chain;

import dev.drover.wire.batch.BatchHeaders;
import dev.drover.wire.batch.BatchId;
import dev.drover.wire.batch.Origin;
import dev.drover.wire.batch.Row;
import dev.drover.wire.batch.RowReader;
import dev.drover.wire.batch.RowWriter;
import dev.drover.wire.decision.Cause;
import dev.drover.wire.decision.Counts;
import dev.drover.wire.decision.Decision;
import dev.drover.wire.decision.IndexedVerdict;
import dev.drover.wire.decision.Verdict;
import dev.drover.wire.failure.FailedMessage;
import dev.drover.wire.names.ChainNames;
import dev.drover.wire.names.SplitId;
import dev.drover.wire.plan.ChainPlan;
import dev.drover.wire.plan.ChainSpec;
import dev.drover.wire.plan.KeyRange;
import dev.drover.wire.plan.StageSpec;
import dev.drover.wire.plan.StageSpec.LoadMode;
import dev.drover.wire.plan.TablePlan;
import dev.drover.wire.schema.Column;
import dev.drover.wire.schema.ColumnType;
import dev.drover.wire.schema.RecordSchema;
import dev.drover.wire.state.Finishing;
import dev.drover.wire.state.SplitCheckpoint;
import dev.drover.wire.state.SplitMessage;
import dev.drover.wire.state.StateStore;
import dev.drover.wire.state.WireJson;
import io.nats.client.Connection;
import io.nats.client.FetchConsumeOptions;
import io.nats.client.FetchConsumer;
import io.nats.client.KeyValue;
import io.nats.client.Message;
import io.nats.client.PublishOptions;
import io.nats.client.api.KeyValueEntry;
import io.nats.client.api.PublishAck;
import io.nats.client.impl.Headers;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Plays the workers of the chain {@code read → clean → load}, by the protocol and without a
 * database: tables {@code public.parents} and {@code public.children} of two columns, {@code id}
 * and {@code qty}.
 */
public final class PlayedWorker {
  public static final String PARENTS = "public.parents";
  public static final String CHILDREN = "public.children";
  public static final String REVISION = "rev1";

  private final Connection nats;
  private final ChainNames names;
  private int nextId;

  /** Says what a stage thinks of a record; empty lets it pass. */
  public interface Judge {
    Judge PASS = row -> Optional.empty();

    Optional<Cause> judge(Row row);
  }

  public PlayedWorker(Connection nats, ChainNames names) {
    this.nats = nats;
    this.names = names;
  }

  /** The chain that is played. */
  public static ChainSpec spec() {
    return new ChainSpec(
        List.of(),
        List.of(
            new StageSpec.Extract("read", "legacy", List.of("public.*"), 1000),
            new StageSpec.Transform("clean", "read", List.of()),
            new StageSpec.Load("load", "clean", "shop", null, LoadMode.Upsert, List.of())));
  }

  /** Its plan, children after parents. */
  public static ChainPlan plan(int parentSplits, int childSplits) {
    return new ChainPlan(
        List.of(),
        List.of(
            table(PARENTS, parentSplits, List.of()),
            table(CHILDREN, childSplits, List.of(PARENTS))),
        Map.of());
  }

  public static RecordSchema schema(String table) {
    return new RecordSchema(
        table,
        List.of(
            new Column("id", ColumnType.INTEGER, false, "integer"),
            new Column("qty", ColumnType.INTEGER, true, "integer")));
  }

  private static TablePlan table(String name, int splits, List<String> after) {
    return new TablePlan(
        "read",
        name,
        schema(name),
        List.of("id"),
        after,
        splits * 100L,
        Collections.nCopies(splits, KeyRange.ALL));
  }

  /** Reads every split that is queued as so many batches, and returns the splits. */
  public List<SplitMessage> extract(int batches, int records) throws Exception {
    StateStore store = StateStore.open(nats, names);
    List<SplitMessage> read = new ArrayList<>();
    for (Message m : fetch(names.splitsStream(), "read")) {
      SplitMessage split = WireJson.parse(m.getData(), SplitMessage.class);
      SplitId id = SplitId.of(split.table(), split.number());
      String schema = store.putSchema(schema(split.table()));
      var claim = claim(store, id);
      for (int n = 0; n < batches; n++) {
        BatchHeaders headers =
            new BatchHeaders(
                BatchId.extracted(id, n), 1, records, schema, REVISION, Origin.queue, List.of());
        publishBatch(names.queueSubject("read", headers.id().text()), headers, rows(records));
      }
      store.update(
          "read",
          id,
          claim,
          new SplitCheckpoint(
              1,
              "pod",
              KeyRange.ALL,
              batches,
              null,
              List.of(),
              true,
              (long) batches * records,
              0,
              batches,
              claim.value().cuts(),
              List.of()));
      m.ackSync(Duration.ofSeconds(5));
      read.add(split);
    }
    return read;
  }

  private static StateStore.Versioned<SplitCheckpoint> claim(StateStore store, SplitId id)
      throws Exception {
    var before = store.checkpoint("read", id);
    return before.isEmpty()
        ? store.create("read", id, SplitCheckpoint.claimed("pod", KeyRange.ALL))
        : store.update("read", id, before.get(), before.get().value().claimedBy("pod"));
  }

  /** Claims a split and cuts pieces off its end, which are not made known yet. */
  public void cutOff(SplitId id, List<KeyRange> pieces) throws Exception {
    StateStore store = StateStore.open(nats, names);
    var claim = claim(store, id);
    store.update("read", id, claim, claim.value().without(pieces));
  }

  /** Makes a piece of a split known. */
  public void launch(SplitId piece, KeyRange range) throws Exception {
    StateStore.open(nats, names).createUnlessThere("read", piece, SplitCheckpoint.unclaimed(range));
  }

  /** Decides what is queued for {@code clean}. */
  public int clean(Judge judge) throws Exception {
    return work("clean", names.queueStream("read"), judge, false);
  }

  /** Decides what is queued for {@code load}. */
  public int load(Judge judge) throws Exception {
    return work("load", names.queueStream("clean"), judge, false);
  }

  /** Does the finishing work that {@code load} was asked for; false if nobody asked. */
  public boolean finish() throws Exception {
    KeyValue bucket = StateStore.open(nats, names).bucket();
    KeyValueEntry asked = bucket.get(Finishing.askedKey("load"));
    if (asked != null) {
      bucket.put(Finishing.doneKey("load"), asked.getValue());
    }
    return asked != null;
  }

  /** Decides what was sent again to a stage. */
  public int retry(String stage, Judge judge) throws Exception {
    return work(stage, names.retriesStream(), judge, false);
  }

  /** Decides what was sent again to {@code load}, whose parents are missing. */
  public int retryInVain() throws Exception {
    return work("load", names.retriesStream(), row -> cause("fk"), true);
  }

  public static Optional<Cause> cause(String code) {
    return Optional.of(new Cause("load", code, PARENTS, "qty"));
  }

  private int work(String stage, String stream, Judge judge, boolean wait) throws Exception {
    int done = 0;
    for (Message m : fetch(stream, stage)) {
      decide(stage, BatchHeaders.parse(m.getHeaders()), m.getData(), judge, wait);
      m.ackSync(Duration.ofSeconds(5));
      done++;
    }
    return done;
  }

  /** Decides a batch, and publishes what follows from it. */
  public void decide(String stage, BatchHeaders in, byte[] body, Judge judge, boolean wait)
      throws Exception {
    RecordSchema schema = StateStore.open(nats, names).schema(in.schema());
    List<Row> rows = RowReader.readAll(schema, body);
    List<IndexedVerdict> verdicts = new ArrayList<>();
    RowWriter passed = new RowWriter(schema, 1024);
    for (int i = 0; i < rows.size(); i++) {
      Optional<Cause> cause = judge.judge(rows.get(i));
      if (cause.isEmpty()) {
        passed.append(rows.get(i));
      } else {
        verdicts.add(new IndexedVerdict(i, verdict(cause.get(), wait)));
      }
    }
    long errorsAfter =
        nats.jetStreamManagement()
            .getStreamInfo(names.errorsStream())
            .getStreamState()
            .getLastSequence();
    boolean out = stage.equals("clean") && passed.rows() > 0;
    Decision decision =
        new Decision(
            in.id().text(),
            in.take(),
            in.origin(),
            REVISION,
            "hash",
            Counts.of(rows.size(), verdicts),
            out ? List.of(passed.rows()) : List.of(),
            Decision.groups(verdicts),
            errorsAfter,
            Instant.now().toString());
    publishDecision(stage, decision);
    if (out) {
      BatchHeaders headers =
          new BatchHeaders(
              in.id().part(0), 1, passed.rows(), in.schema(), REVISION, Origin.queue, List.of());
      publishBatch(names.queueSubject(stage, headers.id().text()), headers, passed.toByteArray());
    }
    if (wait && !verdicts.isEmpty()) {
      BatchHeaders headers =
          new BatchHeaders(
              in.id().waiting(1),
              1,
              rows.size(),
              in.schema(),
              REVISION,
              Origin.waiting,
              in.replayed(),
              in.made());
      publishBatch(names.waitingSubject(stage), headers, body);
      return;
    }
    publishErrors(stage, in, schema, rows, verdicts);
  }

  private static Verdict verdict(Cause cause, boolean wait) {
    return wait
        ? new Verdict.Waiting(cause, "no parent")
        : new Verdict.Failed(Verdict.FailureClass.Record, cause, "it is " + cause.code());
  }

  private void publishDecision(String stage, Decision decision) throws Exception {
    nats.jetStream()
        .publish(
            names.decisionSubject(stage, decision.batch()),
            decision.toHeaders(stage),
            WireJson.bytes(decision),
            PublishOptions.builder().expectedLastSubjectSequence(0).build());
  }

  /** Tells for the error budget of {@code read} what was read as a batch. */
  public void tellRead(String batch, int records) throws Exception {
    publishDecision(
        "read",
        new Decision(
            batch,
            1,
            Origin.source,
            REVISION,
            "",
            new Counts(records, records, 0, 0, 0, 0),
            List.of(),
            List.of(),
            0,
            Instant.now().toString()));
  }

  private void publishErrors(
      String stage,
      BatchHeaders in,
      RecordSchema schema,
      List<Row> rows,
      List<IndexedVerdict> verdicts)
      throws Exception {
    List<CompletableFuture<PublishAck>> published = new ArrayList<>();
    for (IndexedVerdict v : verdicts) {
      Verdict.Failed failed = (Verdict.Failed) v.verdict();
      Row row = rows.get(v.index());
      RowWriter one = new RowWriter(schema, 64);
      one.append(row);
      BatchHeaders.@Nullable Replay replay =
          in.replayed().isEmpty() ? null : in.replayed().get(v.index());
      FailedMessage.Detail detail =
          new FailedMessage.Detail(
              stage,
              in.id().text(),
              v.index(),
              schema.table(),
              row.key(),
              in.schema(),
              failed.failureClass(),
              failed.cause(),
              failed.message(),
              REVISION,
              replay == null ? Instant.now().toString() : replay.firstSeen(),
              Instant.now().toString(),
              replay == null ? 0 : replay.replays(),
              replay == null ? null : replay.errorSequence(),
              null,
              in.made(),
              null);
      published.add(
          nats.jetStream()
              .publishAsync(
                  names.errorSubject(stage, detail.fingerprint()),
                  new FailedMessage(detail, one.toByteArray()).toBytes(),
                  PublishOptions.builder()
                      .messageId(
                          FailedMessage.messageId(stage, in.id(), Integer.toString(v.index())))
                      .build()));
    }
    // The server stores after it answers a flush: only acknowledgements say that all are there.
    for (CompletableFuture<PublishAck> ack : published) {
      ack.get(10, TimeUnit.SECONDS);
    }
  }

  /** Messages of a consumer that are there now, at most 1000. */
  public List<Message> fetch(String stream, String consumer) throws Exception {
    List<Message> messages = new ArrayList<>();
    try (FetchConsumer fetch =
        nats.getStreamContext(stream)
            .getConsumerContext(consumer)
            .fetch(FetchConsumeOptions.builder().maxMessages(1000).noWait().build())) {
      for (Message m = fetch.nextMessage(); m != null; m = fetch.nextMessage()) {
        messages.add(m);
      }
    }
    return messages;
  }

  private void publishBatch(String subject, BatchHeaders headers, byte[] rows) throws Exception {
    Headers all = headers.toHeaders();
    nats.jetStream().publish(subject, all, rows);
  }

  /** A batch of one row. */
  public static byte[] oneRow() {
    RowWriter writer = new RowWriter(schema(PARENTS), 64);
    writer.append(new Row(0, "1", new Object[] {1, 1}));
    return writer.toByteArray();
  }

  private byte[] rows(int records) {
    RowWriter writer = new RowWriter(schema(PARENTS), 1024);
    for (int i = 0; i < records; i++) {
      int id = nextId++;
      writer.append(new Row(i, Integer.toString(id), new Object[] {id, id % 10}));
    }
    return writer.toByteArray();
  }
}
