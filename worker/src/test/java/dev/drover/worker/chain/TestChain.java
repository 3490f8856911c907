package dev.drover.worker.chain;

import dev.drover.wire.batch.BatchHeaders;
import dev.drover.wire.batch.BatchId;
import dev.drover.wire.batch.Origin;
import dev.drover.wire.batch.Row;
import dev.drover.wire.batch.RowReader;
import dev.drover.wire.batch.RowWriter;
import dev.drover.wire.decision.Counts;
import dev.drover.wire.decision.Decision;
import dev.drover.wire.failure.FailedMessage;
import dev.drover.wire.failure.QueuedFailure;
import dev.drover.wire.names.ChainNames;
import dev.drover.wire.names.SplitId;
import dev.drover.wire.nats.NatsEndpoint;
import dev.drover.wire.plan.ChainPlan;
import dev.drover.wire.plan.ChainSpec;
import dev.drover.wire.plan.KeyRange;
import dev.drover.wire.plan.StageSpec;
import dev.drover.wire.plan.TablePlan;
import dev.drover.wire.queues.QueueLayout;
import dev.drover.wire.replay.Change;
import dev.drover.wire.replay.Journal;
import dev.drover.wire.replay.JournalBlock;
import dev.drover.wire.replay.JournalEntry;
import dev.drover.wire.schema.RecordSchema;
import dev.drover.wire.state.Finishing;
import dev.drover.wire.state.SplitCheckpoint;
import dev.drover.wire.state.SplitMessage;
import dev.drover.wire.state.Stall;
import dev.drover.wire.state.StateStore;
import dev.drover.wire.state.WireJson;
import dev.drover.worker.budget.BudgetKeeper;
import dev.drover.worker.jetstream.PaceKeeper;
import dev.drover.worker.jetstream.Publisher;
import dev.drover.worker.jetstream.Stalls;
import dev.drover.worker.metrics.StageMetrics;
import dev.drover.worker.stage.StageContext;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.nats.client.Connection;
import io.nats.client.ConsumerContext;
import io.nats.client.FetchConsumeOptions;
import io.nats.client.FetchConsumer;
import io.nats.client.JetStreamApiException;
import io.nats.client.JetStreamSubscription;
import io.nats.client.Message;
import io.nats.client.PublishOptions;
import io.nats.client.PushSubscribeOptions;
import io.nats.client.api.ConsumerConfiguration;
import io.nats.client.api.DeliverPolicy;
import io.nats.client.api.MessageInfo;
import io.nats.client.api.StreamConfiguration;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.IntFunction;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;

/** A chain in a real NATS server, with the test in the operator's place. */
final class TestChain implements AutoCloseable {
  static final String REVISION = "rev1";

  final Connection nats;
  final ChainNames names;
  final ChainSpec spec;
  final StateStore state;
  final String uid;
  private final NatsEndpoint endpoint;
  private int pods;

  TestChain(String url, String name, ChainSpec spec) throws Exception {
    this(url, name, spec, 256 << 20);
  }

  /** With queues of a size of their own. */
  TestChain(String url, String name, ChainSpec spec, long maxBytes) throws Exception {
    this.uid = name;
    this.endpoint = new NatsEndpoint(url, null, null);
    this.nats = endpoint.connect("operator");
    this.names = ChainNames.of("test", name, name);
    this.spec = spec;
    QueueLayout layout = new QueueLayout(names, maxBytes, 1);
    nats.jetStreamManagement().addStream(layout.stateBucket());
    nats.jetStreamManagement().addStream(layout.slotsBucket());
    for (var stream : layout.streams(spec)) {
      nats.jetStreamManagement().addStream(stream);
    }
    for (var place : layout.consumers(spec)) {
      nats.jetStreamManagement().createConsumer(place.stream(), place.consumer());
    }
    this.state = StateStore.open(nats, names);
    state.putSpec(REVISION, spec);
  }

  /** What a worker's pod would have, over a connection of its own. */
  StageContext context(String stage) throws Exception {
    Connection own = endpoint.connect(stage);
    StateStore store = StateStore.open(own, names);
    String pod = stage + "-" + pods++;
    Stalls stalls = new Stalls(store, stage, pod, Clock.systemUTC());
    return new StageContext(
        stage,
        REVISION,
        spec,
        pod,
        names,
        own,
        store,
        new Publisher(own.jetStream(), stalls),
        stalls,
        new PaceKeeper(store, stage),
        new BudgetKeeper(own, names, store, stage),
        new StageMetrics(new SimpleMeterRegistry(), Tags.empty()),
        Clock.systemUTC(),
        own.getMaxPayload());
  }

  /** Dispatches every split of every table at once. */
  void dispatchAll(ChainPlan plan) throws Exception {
    for (TablePlan table : plan.tables()) {
      dispatch(table);
    }
  }

  void dispatch(TablePlan table) throws Exception {
    for (int i = 0; i < table.splits().size(); i++) {
      dispatch(table, SplitId.of(table.table(), i), table.splits().get(i));
    }
  }

  private void dispatch(TablePlan table, SplitId split, KeyRange range) throws Exception {
    nats.jetStream()
        .publish(
            names.splitSubject(table.stage(), split.toString()),
            null,
            WireJson.bytes(new SplitMessage(table.table(), split.number(), range, REVISION)),
            PublishOptions.builder().expectedLastSubjectSequence(0).build());
  }

  /** Dispatches the splits that were cut off others and that nobody has claimed yet. */
  void dispatchCutOff(ChainPlan plan) throws Exception {
    for (TablePlan table : plan.tables()) {
      for (SplitId split : splits(table)) {
        Optional<SplitCheckpoint> c =
            state.checkpoint(table.stage(), split).map(StateStore.Versioned::value);
        if (c.isPresent() && c.get().epoch() == 0) {
          try {
            dispatch(table, split, c.get().range());
          } catch (JetStreamApiException e) {
            if (e.getApiErrorCode() != 10071) { // it is queued
              throw e;
            }
          }
        }
      }
    }
  }

  /** The splits of a table: the planned ones, and those that were cut off them. */
  List<SplitId> splits(TablePlan table) throws Exception {
    Deque<SplitId> left = new ArrayDeque<>();
    for (int i = 0; i < table.splits().size(); i++) {
      left.add(SplitId.of(table.table(), i));
    }
    List<SplitId> splits = new ArrayList<>();
    while (!left.isEmpty()) {
      SplitId split = left.remove();
      splits.add(split);
      int cuts = state.checkpoint(table.stage(), split).map(c -> c.value().cuts()).orElse(0);
      IntStream.range(0, cuts).mapToObj(split::cutOff).forEach(left::add);
    }
    return splits;
  }

  List<SplitCheckpoint> checkpoints(ChainPlan plan) throws Exception {
    List<SplitCheckpoint> found = new ArrayList<>();
    for (TablePlan table : plan.tables()) {
      for (SplitId split : splits(table)) {
        state.checkpoint(table.stage(), split).ifPresent(c -> found.add(c.value()));
      }
    }
    return found;
  }

  /** Records that the splits' checkpoints count. */
  long recordsRead(ChainPlan plan) throws Exception {
    return checkpoints(plan).stream().mapToLong(SplitCheckpoint::records).sum();
  }

  /** Records in all messages of a stage's queue. */
  long recordsQueued(String stage) throws Exception {
    return read(names.queueStream(stage), names.allOf("q", stage)).stream()
        .mapToLong(m -> BatchHeaders.parse(m.getHeaders()).records())
        .sum();
  }

  /** All decisions of a stage. */
  List<Decision> decisions(String stage) throws Exception {
    return read(names.decisionsStream(), names.allOf("decisions", stage)).stream()
        .map(m -> WireJson.parse(m.getData(), Decision.class))
        .toList();
  }

  Counts tally(String stage) throws Exception {
    return decisions(stage).stream().map(Decision::counts).reduce(Counts.ZERO, Counts::plus);
  }

  List<FailedMessage> failures() throws Exception {
    return read(names.errorsStream(), names.all("errors")).stream()
        .map(m -> FailedMessage.parse(m.getData()))
        .toList();
  }

  /** The failed records by their sequence in the error queue, which a replay is named after. */
  Map<Long, FailedMessage> failuresBySequence() throws Exception {
    Map<Long, FailedMessage> failures = new TreeMap<>();
    for (Message m : read(names.errorsStream(), names.all("errors"))) {
      failures.put(m.metaData().streamSequence(), FailedMessage.parse(m.getData()));
    }
    return failures;
  }

  /** The sequence in the error queue of the record with a key. */
  long sequenceOf(String key) throws Exception {
    return failuresBySequence().entrySet().stream()
        .filter(failure -> failure.getValue().detail().key().equals(key))
        .findFirst()
        .orElseThrow()
        .getKey();
  }

  /** Has failed records given up: claims them in the journal, and takes them out of the queue. */
  void takeOut(long... sequences) throws Exception {
    Journal journal = new Journal(nats, names);
    for (long sequence : sequences) {
      MessageInfo message = nats.jetStreamManagement().getMessage(names.errorsStream(), sequence);
      Journal.Page page = journal.page(JournalBlock.of(sequence));
      JournalEntry entry =
          JournalEntry.of(
              JournalEntry.Action.waive,
              List.of(QueuedFailure.parse(sequence, message.getHeaders(), message.getData())),
              page,
              Change.NONE,
              new JournalEntry.By("FailedRecord", "f" + sequence, "f" + sequence, 1),
              "2026-01-01T00:00:00Z");
      if (!journal.append(page, entry)) {
        throw new IllegalStateException("somebody else writes the journal");
      }
      nats.jetStreamManagement().deleteMessage(names.errorsStream(), sequence);
    }
  }

  /** Puts a batch into the queue of an extract, as if that had read it. */
  void enqueue(
      String extract, RecordSchema schema, int number, int records, IntFunction<Object[]> row)
      throws Exception {
    RowWriter rows = new RowWriter(schema, 1024);
    for (int i = 0; i < records; i++) {
      rows.append(new Row(i, Integer.toString(i), row.apply(i)));
    }
    BatchId id = BatchId.extracted(SplitId.of(schema.table(), 0), number);
    BatchHeaders headers =
        new BatchHeaders(
            id, 1, records, state.putSchema(schema), REVISION, Origin.queue, List.of());
    nats.jetStream()
        .publish(names.queueSubject(extract, id.text()), headers.toHeaders(), rows.toByteArray());
  }

  /** Sends a failed record to its stage again, changed, as the operator's desk would. */
  void replay(long sequence, FailedMessage failed, UnaryOperator<Object[]> correction)
      throws Exception {
    FailedMessage.Detail detail = failed.detail();
    RecordSchema schema = state.schema(detail.schema());
    Row row = RowReader.readAll(schema, failed.row()).getFirst();
    RowWriter writer = new RowWriter(schema, 1024);
    writer.append(new Row(row.position(), row.key(), correction.apply(row.values())));
    BatchHeaders headers =
        new BatchHeaders(
            BatchId.replay(sequence),
            1,
            1,
            detail.schema(),
            REVISION,
            Origin.retry,
            List.of(new BatchHeaders.Replay(sequence, detail.replays() + 1, detail.firstSeen())));
    nats.jetStream()
        .publish(names.retrySubject(detail.stage()), headers.toHeaders(), writer.toByteArray());
  }

  /** Messages that a stage's workers hold on any of its consumers. */
  long inHand(String stage) throws Exception {
    long held = 0;
    for (var place : new QueueLayout(names, 1, 1).consumers(spec)) {
      if (Objects.equals(place.consumer().getDurable(), ChainNames.consumer(stage))) {
        held +=
            nats.jetStreamManagement()
                .getConsumerInfo(place.stream(), place.consumer().getDurable())
                .getNumAckPending();
      }
    }
    return held;
  }

  /**
   * Messages of a stage that no worker gave back before it left, so that they come again only when
   * the server has waited for an answer in vain. The server counts those given back as pending too,
   * but delivers them at once to whoever asks: here the test, which gives them back again.
   */
  long kept(String stage) throws Exception {
    long kept = 0;
    for (var place : new QueueLayout(names, 1, 1).consumers(spec)) {
      String consumer = place.consumer().getDurable();
      if (!Objects.equals(consumer, ChainNames.consumer(stage))) {
        continue;
      }
      ConsumerContext context = nats.getConsumerContext(place.stream(), consumer);
      int pending = (int) context.getConsumerInfo().getNumAckPending();
      kept += pending;
      if (pending > 0) {
        try (FetchConsumer again =
            context.fetch(FetchConsumeOptions.builder().maxMessages(pending).noWait().build())) {
          for (Message m = again.nextMessage(); m != null; m = again.nextMessage()) {
            kept -= m.metaData().deliveredCount() > 1 ? 1 : 0;
            m.nak();
          }
        }
      }
    }
    return kept;
  }

  /** What keeps a stage's workers from moving on, as they tell the operator. */
  List<Stall> stalls(String stage) throws Exception {
    List<Stall> stalls = new ArrayList<>();
    for (String key : state.bucket().keys(StateStore.STALLS + stage + ".>")) {
      var entry = state.bucket().get(key);
      if (entry != null) {
        stalls.add(WireJson.parse(entry.getValue(), Stall.class));
      }
    }
    return stalls;
  }

  /** Asks a load stage for its finishing work, as the operator does when all is decided. */
  void askToFinish(String stage) throws Exception {
    state
        .bucket()
        .put(Finishing.askedKey(stage), WireJson.bytes(new Finishing(tally(stage).passed())));
  }

  /** Whether the finishing work that was asked for last is done. */
  boolean isFinished(String stage) throws Exception {
    var asked = state.bucket().get(Finishing.askedKey(stage));
    var done = state.bucket().get(Finishing.doneKey(stage));
    return done != null && Arrays.equals(done.getValue(), asked.getValue());
  }

  /** Sets the most bytes of a stream: fewer than it has, and it refuses every message. */
  void limit(String stream, long maxBytes) throws Exception {
    var management = nats.jetStreamManagement();
    management.updateStream(
        StreamConfiguration.builder(management.getStreamInfo(stream).getConfiguration())
            .maxBytes(maxBytes)
            .build());
  }

  /** Sets the most messages of a stream. */
  void limitMessages(String stream, long most) throws Exception {
    var management = nats.jetStreamManagement();
    management.updateStream(
        StreamConfiguration.builder(management.getStreamInfo(stream).getConfiguration())
            .maxMessages(most)
            .build());
  }

  /** How long a second copy of a failed record's message is known as such. */
  void remembersIdsOfFailuresFor(Duration window) throws Exception {
    var management = nats.jetStreamManagement();
    management.updateStream(
        StreamConfiguration.builder(
                management.getStreamInfo(names.errorsStream()).getConfiguration())
            .duplicateWindow(window)
            .build());
  }

  /** How often messages of a stage's queue were delivered to it. */
  long deliveries(String stage) throws Exception {
    return nats.jetStreamManagement()
        .getConsumerInfo(
            names.queueStream(Objects.requireNonNull(spec.stage(stage).from())),
            ChainNames.consumer(stage))
        .getDelivered()
        .getConsumerSequence();
  }

  /** Has what a killed worker of a stage held come again sooner than in earnest. */
  void comesAgainAfter(String stage, Duration ackWait) throws Exception {
    for (var place : new QueueLayout(names, 1, 1).consumers(spec)) {
      if (Objects.equals(place.consumer().getDurable(), ChainNames.consumer(stage))) {
        nats.jetStreamManagement()
            .updateConsumer(
                place.stream(),
                ConsumerConfiguration.builder(place.consumer()).ackWait(ackWait).build());
      }
    }
  }

  /**
   * Whether each extracted batch is decided by each stage after it, and nothing is under way.
   * Splits that were cut off others meanwhile are dispatched.
   */
  boolean finished(ChainPlan plan) throws Exception {
    dispatchCutOff(plan);
    long splits = 0;
    for (TablePlan table : plan.tables()) {
      splits += splits(table).size();
    }
    List<SplitCheckpoint> checkpoints = checkpoints(plan);
    if (checkpoints.size() < splits || !checkpoints.stream().allMatch(SplitCheckpoint::done)) {
      return false;
    }
    for (StageSpec stage : spec.stages()) {
      if (stage.from() == null) {
        continue;
      }
      long promised =
          spec.stage(stage.from()) instanceof StageSpec.Extract
              ? checkpoints.stream().mapToLong(SplitCheckpoint::batches).sum()
              : 0;
      promised += decisions(stage.from()).stream().mapToLong(d -> d.parts().size()).sum();
      long decided =
          decisions(stage.name()).stream().filter(d -> d.origin() == Origin.queue).count();
      if (decided != promised) {
        return false;
      }
    }
    return true;
  }

  long messages(String stream) throws Exception {
    return nats.jetStreamManagement().getStreamInfo(stream).getStreamState().getMsgCount();
  }

  private List<Message> read(String stream, String subject) throws Exception {
    List<Message> messages = new ArrayList<>();
    long count = messages(stream);
    if (count == 0) {
      return messages;
    }
    JetStreamSubscription subscription =
        nats.jetStream()
            .subscribe(
                subject,
                PushSubscribeOptions.builder().stream(stream)
                    .ordered(true)
                    .configuration(
                        ConsumerConfiguration.builder().deliverPolicy(DeliverPolicy.All).build())
                    .build());
    long pending = subscription.getConsumerInfo().getCalculatedPending();
    while (messages.size() < pending) {
      Message m = subscription.nextMessage(Duration.ofSeconds(5));
      if (m == null) {
        throw new IllegalStateException("the stream ended early");
      }
      messages.add(m);
    }
    subscription.unsubscribe();
    return messages;
  }

  @Override
  public void close() throws Exception {
    nats.close();
  }
}
