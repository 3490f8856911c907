package dev.drover.operator.chain;

import dev.drover.operator.chain.Joining.Change;
import dev.drover.operator.chain.Joining.Kind;
import dev.drover.operator.chain.ShapeChange.Beginning;
import dev.drover.wire.decision.Decision;
import dev.drover.wire.edges.Edge;
import dev.drover.wire.edges.Edges;
import dev.drover.wire.names.ChainNames;
import dev.drover.wire.plan.ChainSpec;
import dev.drover.wire.plan.Finding;
import dev.drover.wire.plan.StageSpec;
import dev.drover.wire.queues.QueueLayout;
import dev.drover.wire.state.StateStore;
import dev.drover.wire.state.StateStore.Versioned;
import io.nats.client.JetStreamApiException;
import io.nats.client.api.ConsumerInfo;
import io.nats.client.api.MessageGetRequest;
import io.nats.client.api.MessageInfo;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Joins the stages of a chain that moves records as its spec has them now: docs/adr/0015. All that
 * is done can be done again, and what is left to do follows from the edges that are written down,
 * the spec, and the streams. Confined to one thread at a time.
 */
final class Grafts {
  private final NatsLink link;
  private final ChainNames names;
  private final QueueSetup setup;
  private final TallyFollower follower;
  private final SplitSender splits;
  private Optional<Versioned<Edges>> known = Optional.empty();
  private volatile Set<String> closed = Set.of();

  /** Whether nothing is written down. */
  private boolean nothing;

  /** Whether nothing is left of what ended. */
  private boolean swept;

  /** Last sequences of the drained queues when they were looked at last; empty if not all were. */
  private Map<String, Long> calm = Map.of();

  Grafts(
      NatsLink link,
      ChainNames names,
      QueueSetup setup,
      TallyFollower follower,
      SplitSender splits) {
    this.link = link;
    this.names = names;
    this.setup = setup;
    this.follower = follower;
    this.splits = splits;
  }

  /** Stages whose queues take nothing now. */
  Set<String> closed() {
    return closed;
  }

  /**
   * Brings the edges nearer to those of a spec.
   *
   * @param layout of the chain's queues, all open
   * @param go whether to do it; else only what would be done is told, and what was closed for it
   *     opens
   */
  Joining join(String revision, ChainSpec spec, QueueLayout layout, boolean go) {
    Versioned<Edges> now = edges(revision, spec);
    follower.join(now.value());
    ShapeChange change = ShapeChange.of(now.value(), spec);
    if (change.none()) {
      closed = Set.of();
      calm = Map.of();
      sweep(now.value(), spec);
      return new Joining.Joined();
    }
    List<Finding> faults = faults(now.value(), change, spec);
    if (!faults.isEmpty() || !go) {
      closed = Set.of();
      calm = Map.of();
      return faults.isEmpty()
          ? new Joining.Underway(now.value(), plan(change, spec))
          : new Joining.Refused(now.value(), faults);
    }
    return cutOver(revision, spec, layout, now, change);
  }

  /**
   * Closes the queues that get another reader, waits until those who read them no longer have
   * decided all, and then writes the new edges down: that is the moment from which on they hold.
   */
  private Joining cutOver(
      String revision,
      ChainSpec spec,
      QueueLayout layout,
      Versioned<Edges> now,
      ShapeChange change) {
    closed = change.closed();
    setup.ensureQueues(
        new QueueLayout(layout.names(), layout.maxBytes(), layout.replicas(), closed),
        spec,
        place -> !takesOver(place, change));
    List<Change> left = left(change);
    if (!left.isEmpty()) {
      calm = Map.of();
      return new Joining.Underway(now.value(), left);
    }
    // Of a replicated queue, what was on its way when it closed may come a moment later.
    Map<String, Long> drained = lastSequences(change);
    if (!change.ending().isEmpty() && !drained.equals(calm)) {
      calm = drained;
      return new Joining.Underway(
          now.value(), draining(change, "all is drained, once more looked"));
    }
    setup.ensureQueues(
        new QueueLayout(layout.names(), layout.maxBytes(), layout.replicas(), closed),
        spec,
        place -> true);
    if (!follower.catchUp()) {
      throw new ChainUnavailableException(
          Refusals.MISSING, "the stream " + names.decisionsStream() + " is not there", null);
    }
    long sequence = follower.tally().sequence();
    List<Edge> begun = new ArrayList<>();
    for (Beginning b : change.beginning()) {
      begun.add(begin(now.value(), b, sequence));
    }
    write(now, now.value().after(revision, change.ending(), begun, sequence));
    swept = false;
    closed = Set.of();
    calm = Map.of();
    Edges next = known.orElseThrow().value();
    follower.join(next);
    sweep(next, spec);
    return new Joining.Joined();
  }

  private Edge begin(Edges now, Beginning b, long sequence) {
    if (b.onNewQueue()) {
      return new Edge(b.queue(), b.reader(), sequence, null, null, Map.of());
    }
    if (b.replaces() != null) {
      int peer = now.edges().indexOf(b.replaces());
      return new Edge(b.queue(), b.reader(), sequence, null, peer, Map.of());
    }
    return branch(now, b, sequence);
  }

  /**
   * One more reader of a queue that goes on. Its consumer is there, and no worker of it, so nothing
   * leaves the queue any more: what is in it now it will see.
   */
  private Edge branch(Edges now, Beginning b, long sequence) {
    String all = names.allOf("q", b.queue());
    Set<String> inQueue =
        link
            .totals("list the queue of " + b.queue(), names.queueStream(b.queue()), all)
            .keySet()
            .stream()
            .map(subject -> subject.substring(all.length() - 1))
            .collect(Collectors.toSet());
    Edge best = null;
    Map<String, Long> fewest = Map.of();
    for (Edge peer : now.lasting()) {
      if (peer.queue().equals(b.queue())) {
        Map<String, Long> held = decided(peer.reader(), inQueue, sequence);
        if (best == null || held.size() < fewest.size()) {
          best = peer;
          fewest = held;
        }
      }
    }
    Integer peer = best == null ? null : now.edges().indexOf(best);
    return new Edge(b.queue(), b.reader(), sequence, null, peer, fewest);
  }

  /** Which of some batches a stage had decided by a sequence, and of how many records. */
  private Map<String, Long> decided(String stage, Set<String> batches, long upTo) {
    String all = names.allOf("decisions", stage);
    Set<String> subjects =
        link.totals("list the decisions of " + stage, names.decisionsStream(), all).keySet();
    Map<String, Long> decided = new HashMap<>();
    for (String batch : batches) {
      String subject = names.decisionSubject(stage, batch);
      if (subjects.contains(subject)) {
        link.message(
                "read a decision of " + stage,
                names.decisionsStream(),
                MessageGetRequest.lastForSubject(subject))
            .filter(m -> m.getSeq() <= upTo)
            .ifPresent(m -> decided.put(batch, records(m)));
      }
    }
    return decided;
  }

  private static long records(MessageInfo decision) {
    return Decision.Summary.parse(decision.getHeaders()).counts().in();
  }

  private boolean takesOver(QueueLayout.Place place, ShapeChange change) {
    return change.beginning().stream()
        .filter(b -> b.replaces() != null)
        .anyMatch(
            b ->
                place.stream().equals(names.queueStream(b.queue()))
                    && ChainNames.consumer(b.reader()).equals(place.consumer().getDurable()));
  }

  /** What is not drained yet, upstream first: what is above comes down. */
  private List<Change> left(ShapeChange change) {
    for (Edge edge : change.ending()) {
      String stage = edge.reader();
      long messages = unacknowledged(names.queueStream(edge.queue()), stage);
      String what = messages + " messages of the queue of " + edge.queue();
      if (messages == 0 && change.removed().contains(stage)) {
        messages = unacknowledged(names.retriesStream(), stage);
        what = messages + " messages that were sent again";
      }
      if (messages == 0 && change.removed().contains(stage)) {
        messages = unacknowledged(names.waitingStream(), stage);
        what = messages + " messages that wait for what they point to";
      }
      if (messages > 0) {
        return draining(change, stage + " has " + what + " left");
      }
    }
    return List.of();
  }

  private static List<Change> draining(ShapeChange change, String why) {
    String held =
        change.closed().isEmpty()
            ? ""
            : "; meanwhile the queue of " + String.join(", ", change.closed()) + " takes nothing";
    List<Change> changes = new ArrayList<>();
    change.added().forEach(s -> changes.add(new Change(s, kind(change, s), true, why + held)));
    change.removed().forEach(s -> changes.add(new Change(s, Kind.Removed, true, why + held)));
    return changes;
  }

  private static Kind kind(ShapeChange change, String added) {
    return change.to(added).filter(b -> b.replaces() != null).isPresent()
            || change.beginning().stream()
                .anyMatch(b -> b.queue().equals(added) && !change.added().contains(b.reader()))
        ? Kind.Inserted
        : Kind.Added;
  }

  private long unacknowledged(String stream, String stage) {
    return link.call(
        "read what is left for stage " + stage,
        nats -> {
          try {
            ConsumerInfo info =
                nats.jetStreamManagement().getConsumerInfo(stream, ChainNames.consumer(stage));
            return info.getNumPending() + info.getNumAckPending();
          } catch (JetStreamApiException e) {
            if (Refusals.missing(e)) { // a load alone has a waiting room
              return 0L;
            }
            throw e;
          }
        });
  }

  private Map<String, Long> lastSequences(ShapeChange change) {
    Map<String, Long> sequences = new HashMap<>();
    for (String stage : change.closed()) {
      link.stream("read the queue of " + stage, names.queueStream(stage), names.allOf("q", stage))
          .ifPresent(state -> sequences.put(stage, state.getLastSequence()));
    }
    return sequences;
  }

  private List<Finding> faults(Edges now, ShapeChange change, ChainSpec spec) {
    List<Finding> faults = new ArrayList<>();
    for (String stage : change.added()) {
      if (now.stagesEver().contains(stage)) {
        faults.add(
            Finding.error(
                "NameUsed",
                "spec.stages[" + spec.indexOf(stage) + "].name",
                "a stage "
                    + stage
                    + " was part of this Migration before, and what it decided is kept under its"
                    + " name: give the new one another"));
      }
    }
    for (String stage : change.removed()) {
      long failures =
          link
              .totals(
                  "count the failures of " + stage,
                  names.errorsStream(),
                  names.allOf("errors", stage))
              .values()
              .stream()
              .mapToLong(Long::longValue)
              .sum();
      if (failures > 0) {
        faults.add(
            Finding.error(
                "StageHoldsFailures",
                "spec.stages",
                "stage %s cannot be removed while %d of its records are in the error queue, nobody else could take them: replay or waive them first, or put the stage back"
                    .formatted(stage, failures)));
      }
      // Not drained: what they wait for may be what the closed queue would hold back.
      long waiting = unacknowledged(names.waitingStream(), stage);
      if (waiting > 0) {
        faults.add(
            Finding.error(
                "StageHoldsWaiting",
                "spec.stages",
                "stage %s cannot be removed while records of it (%d messages) wait for what they point to: it is removed as soon as none does, or put it back"
                    .formatted(stage, waiting)));
      }
    }
    return faults;
  }

  /** What would be done, with what each new stage will see. */
  private List<Change> plan(ShapeChange change, ChainSpec spec) {
    follower.catchUp();
    List<Change> changes = new ArrayList<>();
    for (String stage : change.added()) {
      Beginning b = change.to(stage).orElseThrow();
      changes.add(new Change(stage, kind(change, stage), false, sees(change, b, spec)));
    }
    for (String stage : change.removed()) {
      changes.add(
          new Change(
              stage,
              Kind.Removed,
              false,
              "it is drained first: the queue before it takes nothing until all that it has is"
                  + " decided"));
    }
    return changes;
  }

  private String sees(ShapeChange change, Beginning b, ChainSpec spec) {
    if (b.onNewQueue()) {
      return "it sees all that the new stage " + b.queue() + " hands on";
    }
    String amounts = amounts(b.queue(), spec);
    Edge before = b.replaces();
    if (before != null) {
      return "it sees what %s hands on from then on; %s, which %s takes before: until it has, the queue takes nothing"
          .formatted(b.queue(), amounts, before.reader());
    }
    return "it sees queued records only: "
        + amounts
        + "; what has left the queue by then it never sees (there is no backfill), and rows that"
        + " point to such rows fail at its target";
  }

  private String amounts(String queue, ChainSpec spec) {
    boolean extract = spec.stage(queue) instanceof StageSpec.Extract;
    Checkpoints.Sum read = follower.checkpoints().stage(queue);
    StageTally tally = follower.tally().stage(queue);
    long parts = tally.parts() + (extract ? read.batches() : 0);
    long passed = (extract ? tally.now(read.counts()) : tally.now()).passed();
    long queued =
        link.stream("read the queue of " + queue, names.queueStream(queue), names.allOf("q", queue))
            .map(state -> state.getMsgCount())
            .orElse(0L);
    long records = parts == 0 ? 0 : Math.min(passed, queued * passed / parts);
    return "now %d messages in the queue of %s, about %d of the %d records that it has handed on"
        .formatted(queued, queue, records, passed);
  }

  /**
   * Makes sure that the tally knows how the stages are joined, also after a restart.
   *
   * @throws ChainUnavailableException if they are joined otherwise than in a spec: to make its
   *     queues and consumers would bring records onto two ways
   */
  void recall(ChainSpec spec) {
    read();
    if (known.isEmpty()) {
      return;
    }
    Edges now = known.get().value();
    follower.join(now);
    if (!now.areOf(spec)) {
      throw new ChainUnavailableException(
          "EdgesMoved",
          "the stages are joined as in revision "
              + now.revision()
              + " already: it is looked at again",
          null);
    }
  }

  private void read() {
    if (known.isEmpty() && !nothing) {
      known =
          link.call("read how the stages are joined", nats -> StateStore.open(nats, names).edges());
      nothing = known.isEmpty();
    }
  }

  /**
   * The edges as they are written down; those of a chain that has not started yet are its spec's.
   */
  private Versioned<Edges> edges(String revision, ChainSpec spec) {
    read();
    boolean fixed = known.isPresent() && splits.started().isPresent();
    if (!fixed && known.filter(k -> k.value().areOf(spec)).isEmpty()) {
      List<Edge> before = known.map(k -> k.value().edges()).orElse(List.of());
      Edges original = Edges.original(revision, spec);
      write(known.orElse(null), original);
      before.stream()
          .filter(e -> !original.edges().contains(e))
          .forEach(e -> setup.deleteConsumer(names.queueStream(e.queue()), e.reader()));
    }
    return known.orElseThrow();
  }

  private void write(@Nullable Versioned<Edges> last, Edges next) {
    Optional<Versioned<Edges>> before = Optional.ofNullable(last);
    known = Optional.empty(); // whatever comes of it, what is there is the truth
    nothing = false;
    known =
        link.call(
            "write down how the stages are joined",
            nats -> StateStore.open(nats, names).putEdges(before, next));
    if (known.isEmpty()) {
      throw new ChainUnavailableException(
          "NatsUnavailable",
          "another operator has joined the stages otherwise meanwhile: it is looked at again",
          null);
    }
  }

  /** Removes consumers that nobody needs, which would hold messages for ever, and empty queues. */
  private void sweep(Edges edges, ChainSpec spec) {
    if (swept) {
      return;
    }
    for (Edge edge : edges.edges()) {
      boolean needed = edges.lasting().stream().anyMatch(e -> e.joins(edge.queue(), edge.reader()));
      if (!needed) {
        setup.deleteConsumer(names.queueStream(edge.queue()), edge.reader());
      }
    }
    for (String stage : edges.stagesEver()) {
      if (spec.stages().stream().noneMatch(s -> s.name().equals(stage))) {
        setup.deleteConsumer(names.retriesStream(), stage);
        setup.deleteConsumer(names.waitingStream(), stage);
        setup.deleteQueue(stage);
      }
    }
    swept = true;
  }
}
