package dev.drover.operator.chain;

import dev.drover.operator.chain.ShapeChange.Beginning;
import dev.drover.wire.edges.Edge;
import dev.drover.wire.edges.Edges;
import dev.drover.wire.names.ChainNames;
import dev.drover.wire.plan.ChainSpec;
import dev.drover.wire.plan.Finding;
import dev.drover.wire.queues.QueueLayout;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

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
  private final EdgeBook book;
  private final Leftovers leftovers;
  private final GraftOutlook outlook;
  private final Beginnings beginnings;
  private volatile Set<String> closed = Set.of();

  /** Whether nothing is left of what ended, or was begun and withdrawn. */
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
    book = new EdgeBook(link, names);
    leftovers = new Leftovers(link, names);
    outlook = new GraftOutlook(link, names, follower);
    beginnings = new Beginnings(link, names);
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
    Edges now = edges(revision, spec);
    follower.join(now);
    ShapeChange change = ShapeChange.of(now, spec);
    if (change.none()) {
      letGo();
      sweep(now, spec);
      return new Joining.Joined();
    }
    List<Finding> faults = leftovers.refusals(now, change, spec);
    if (!faults.isEmpty() || !go) {
      letGo();
      return faults.isEmpty()
          ? new Joining.Underway(now, outlook.plan(revision, change, spec))
          : new Joining.Refused(now, faults);
    }
    return cutOver(revision, spec, layout, now, change);
  }

  /**
   * Closes the queues that get another reader, waits until those who read them no longer have
   * decided all, and then writes the new edges down: that is the moment from which on they hold.
   */
  private Joining cutOver(
      String revision, ChainSpec spec, QueueLayout layout, Edges now, ShapeChange change) {
    swept = false;
    closed = change.closed();
    setup.ensureQueues(
        new QueueLayout(layout.names(), layout.maxBytes(), layout.replicas(), closed),
        spec,
        place -> !takesOver(place, change));
    Optional<String> left = leftovers.of(change);
    if (left.isPresent()) {
      calm = Map.of();
      return new Joining.Underway(now, GraftOutlook.draining(change, left.get()));
    }
    // Of a replicated queue, what was on its way when it closed may come a moment later.
    Map<String, Long> drained = lastSequences(change);
    if (!change.ending().isEmpty() && !drained.equals(calm)) {
      calm = drained;
      return new Joining.Underway(
          now, GraftOutlook.draining(change, "all is drained, it is looked at once more"));
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
      begun.add(beginnings.begin(now, b, sequence));
    }
    Edges next = now.after(revision, change.ending(), begun, sequence);
    book.write(next);
    letGo();
    follower.join(next);
    sweep(next, spec);
    return new Joining.Joined();
  }

  private void letGo() {
    closed = Set.of();
    calm = Map.of();
  }

  private boolean takesOver(QueueLayout.Place place, ShapeChange change) {
    return change.beginning().stream()
        .filter(b -> b.replaces() != null)
        .anyMatch(
            b ->
                place.stream().equals(names.queueStream(b.queue()))
                    && ChainNames.consumer(b.reader()).equals(place.consumer().getDurable()));
  }

  private Map<String, Long> lastSequences(ShapeChange change) {
    Map<String, Long> sequences = new HashMap<>();
    for (String stage : change.closed()) {
      link.stream("read the queue of " + stage, names.queueStream(stage), names.allOf("q", stage))
          .ifPresent(state -> sequences.put(stage, state.lastSequence()));
    }
    return sequences;
  }

  /**
   * Makes sure that the tally knows how the stages are joined, also after a restart.
   *
   * @throws ChainUnavailableException if they are joined otherwise than in a spec: to make its
   *     queues and consumers would bring records onto two ways
   */
  void recall(ChainSpec spec) {
    Optional<Edges> written = book.read();
    if (written.isEmpty()) {
      return;
    }
    Edges now = written.get();
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

  /**
   * The edges as they are written down; those of a chain that has not started yet are its spec's.
   */
  private Edges edges(String revision, ChainSpec spec) {
    Optional<Edges> written = book.read();
    if (written.isPresent() && (splits.started().isPresent() || written.get().areOf(spec))) {
      return written.get();
    }
    Edges original = Edges.original(revision, spec);
    book.write(original);
    swept = written.isEmpty();
    return original;
  }

  /** Removes consumers that nobody needs, which would hold messages for ever, and empty queues. */
  private void sweep(Edges edges, ChainSpec spec) {
    if (swept) {
      return;
    }
    for (String queue : edges.queues()) {
      setup.consumers(queue).stream()
          .filter(c -> edges.lasting().stream().noneMatch(e -> e.joins(queue, c)))
          .forEach(c -> setup.deleteConsumer(names.queueStream(queue), c));
    }
    for (String stage : edges.stagesEver()) {
      if (spec.stages().stream().noneMatch(s -> s.name().equals(stage))) {
        setup.deleteConsumer(names.retriesStream(), stage);
        setup.deleteConsumer(names.waitingStream(), stage);
        setup.deleteConsumer(names.splitsStream(), stage);
        setup.forgetSplits(stage);
        setup.deleteQueue(stage);
      }
    }
    swept = true;
  }
}
