package dev.drover.worker.chain;

import dev.drover.wire.decision.Counts;
import dev.drover.wire.decision.Decision;
import dev.drover.wire.failure.FailedMessage;
import dev.drover.wire.names.ChainNames;
import dev.drover.wire.names.SplitId;
import dev.drover.wire.nats.NatsEndpoint;
import dev.drover.wire.plan.ChainPlan;
import dev.drover.wire.plan.ChainSpec;
import dev.drover.wire.plan.StageSpec;
import dev.drover.wire.plan.TablePlan;
import dev.drover.wire.queues.QueueLayout;
import dev.drover.wire.state.SplitCheckpoint;
import dev.drover.wire.state.SplitMessage;
import dev.drover.wire.state.StateStore;
import dev.drover.wire.state.WireJson;
import dev.drover.worker.jetstream.Publisher;
import dev.drover.worker.jetstream.Stalls;
import dev.drover.worker.metrics.StageMetrics;
import dev.drover.worker.stage.StageContext;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.nats.client.Connection;
import io.nats.client.JetStreamSubscription;
import io.nats.client.Message;
import io.nats.client.PublishOptions;
import io.nats.client.PushSubscribeOptions;
import io.nats.client.api.ConsumerConfiguration;
import io.nats.client.api.DeliverPolicy;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** A chain in a real NATS server, with the test in the operator's place. */
final class TestChain implements AutoCloseable {
  static final String REVISION = "rev1";

  final Connection nats;
  final ChainNames names;
  final ChainSpec spec;
  final StateStore state;
  private final NatsEndpoint endpoint;
  private int pods;

  TestChain(String url, String name, ChainSpec spec) throws Exception {
    this.endpoint = new NatsEndpoint(url, null, null);
    this.nats = endpoint.connect("operator");
    this.names = ChainNames.of("test", name, name);
    this.spec = spec;
    QueueLayout layout = new QueueLayout(names, 256 << 20, 1);
    nats.keyValueManagement().create(layout.stateBucket());
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
      nats.jetStream()
          .publish(
              names.splitSubject(table.stage(), SplitId.of(table.table(), i).toString()),
              null,
              WireJson.bytes(new SplitMessage(table.table(), i, table.splits().get(i), REVISION)),
              PublishOptions.builder().expectedLastSubjectSequence(0).build());
    }
  }

  List<SplitCheckpoint> checkpoints(ChainPlan plan) throws Exception {
    List<SplitCheckpoint> found = new ArrayList<>();
    for (TablePlan table : plan.tables()) {
      for (int i = 0; i < table.splits().size(); i++) {
        state
            .checkpoint(table.stage(), SplitId.of(table.table(), i))
            .ifPresent(c -> found.add(c.value()));
      }
    }
    return found;
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

  /** Whether each extracted batch is decided by each stage after it, and nothing is under way. */
  boolean finished(ChainPlan plan) throws Exception {
    long splits = plan.tables().stream().mapToInt(t -> t.splits().size()).sum();
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
              : decisions(stage.from()).stream().mapToLong(d -> d.parts().size()).sum();
      long decided =
          decisions(stage.name()).stream()
              .filter(d -> d.origin() == dev.drover.wire.batch.Origin.queue)
              .count();
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
