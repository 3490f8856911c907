package dev.drover.operator.chain;

import dev.drover.operator.chain.ShapeChange.Beginning;
import dev.drover.wire.edges.Edge;
import dev.drover.wire.edges.Edges;
import dev.drover.wire.names.ChainNames;
import dev.drover.wire.plan.ChainSpec;
import dev.drover.wire.plan.Finding;
import dev.drover.wire.queues.QueueLayout;
import dev.drover.wire.state.Stall;
import dev.drover.wire.state.WireJson;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
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
  /** More than any worker that is told to leave is given. */
  private static final Duration DYING = Duration.ofMinutes(10);

  private static final Duration BETWEEN_SWEEPS = Duration.ofSeconds(20);

  private final NatsLink link;
  private final ChainNames names;
  private final QueueSetup setup;
  private final TallyFollower follower;
  private final SplitSender splits;
  private final InstantSource clock;
  private final EdgeBook book;
  private final Leftovers leftovers;
  private final GraftOutlook outlook;
  private final Beginnings beginnings;
  private volatile Set<String> closed = Set.of();

  /** Whether nothing is left of what ended, or was begun and withdrawn. */
  private boolean swept;

  /** Whether a reader of a queue that goes on may be there of which no edge is written down. */
  private boolean begunInVain = true;

  private DrainWatch watch = DrainWatch.NOTHING;

  /** Until when workers of abandoned stages may end what they had begun, and leave it behind. */
  private Instant dying = Instant.MIN;

  /** When what they leave behind is swept up again. */
  private Instant nextSweep = Instant.MIN;

  /** Last sequences of the drained queues when they were looked at last; empty if not all were. */
  private Map<String, Long> calm = Map.of();

  Grafts(
      NatsLink link,
      ChainNames names,
      QueueSetup setup,
      TallyFollower follower,
      SplitSender splits,
      Deferrals deferrals,
      InstantSource clock) {
    this.clock = clock;
    this.link = link;
    this.names = names;
    this.setup = setup;
    this.follower = follower;
    this.splits = splits;
    book = new EdgeBook(link, names);
    leftovers = new Leftovers(link, names, deferrals);
    outlook = new GraftOutlook(link, names, follower, leftovers);
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
   * @param removal of stages that are to go, or to read another queue
   */
  Joining join(String revision, ChainSpec spec, QueueLayout layout, boolean go, Removal removal) {
    Edges now = edges(revision, spec);
    follower.join(now);
    ShapeChange change = ShapeChange.of(now, spec, removal.abandoned());
    if (change.none()) {
      letGo();
      sweepAgain();
      sweep(now);
      return new Joining.Joined();
    }
    List<Finding> faults = leftovers.refusals(now, change, spec);
    if (!faults.isEmpty() || !go) {
      letGo();
      sweep(now);
      return faults.isEmpty()
          ? new Joining.Underway(now, outlook.plan(revision, change, spec))
          : new Joining.Refused(now, faults);
    }
    return cutOver(revision, spec, layout, now, change, removal.standing());
  }

  /**
   * Closes the queues that get another reader, waits until those who read them no longer have
   * decided all, and then writes the new edges down: that is the moment from which on they hold.
   * What is closed opens again while a load that has to drain finds the waiting room full, or a
   * stage that has to drain may not run, or waits in vain for something that is away: the others
   * would stand still with it.
   */
  private Joining cutOver(
      String revision,
      ChainSpec spec,
      QueueLayout layout,
      Edges now,
      ShapeChange change,
      Set<String> standing) {
    swept = false;
    withdrawReaders(change);
    Optional<String> keptOut = leftovers.keptOut(change);
    if (keptOut.isPresent()) {
      letGo();
      return new Joining.Underway(now, GraftOutlook.keptOut(change, keptOut.get()));
    }
    Optional<Leftovers.Left> halted = leftovers.of(change, standing::contains);
    if (halted.isPresent()) {
      letGo();
      return new Joining.Underway(
          now, GraftOutlook.standing(now, change, halted.get()), halted.get().stage());
    }
    Optional<Stall> vain = inVain(change);
    if (vain.isPresent()) {
      letGo();
      return new Joining.Underway(
          now, GraftOutlook.stalled(now, change, watch, vain.get()), watch.stage());
    }
    closed = change.closed();
    QueueLayout closing =
        new QueueLayout(layout.names(), layout.maxBytes(), layout.replicas(), closed);
    setup.ensureQueues(closing, spec, place -> !begins(place, change));
    Optional<Leftovers.Left> left = leftovers.of(change, stage -> true);
    if (left.isPresent()) {
      calm = Map.of();
      return new Joining.Underway(
          now, GraftOutlook.draining(change, left.get().text()), left.get().stage());
    }
    // Of a replicated queue, what was on its way when it closed may come a moment later.
    Map<String, Long> drained = lastSequences(change);
    if (!change.ending().isEmpty() && !drained.equals(calm)) {
      calm = drained;
      return new Joining.Underway(
          now, GraftOutlook.draining(change, "all is drained, it is looked at once more"));
    }
    catchUp(); // this may take many visits, and then no reader without workers may stand
    begunInVain = true;
    setup.ensureQueues(closing, spec, place -> true);
    catchUp();
    long sequence = follower.tally().sequence();
    List<Edge> begun = new ArrayList<>();
    for (Beginning b : change.beginning()) {
      begun.add(beginnings.begin(now, b, sequence));
    }
    Edges next = now.after(revision, change.ended(), begun, sequence);
    if (!fits(next)) {
      withdrawReaders(change);
      return new Joining.Underway(now, GraftOutlook.draining(change, tooMany(begun)));
    }
    book.write(next);
    begunInVain = false;
    if (!change.abandoned().isEmpty()) {
      dying = clock.instant().plus(DYING);
    }
    letGo();
    follower.join(next);
    sweep(next);
    return new Joining.Joined();
  }

  /** What a stage that is to be drained waits for, and has for a while; empty if none does. */
  private Optional<Stall> inVain(ShapeChange change) {
    Instant at = clock.instant();
    Checkpoints told = follower.checkpoints();
    Optional<Leftovers.Left> stalled =
        leftovers.of(change, stage -> told.stall(stage, at).isPresent());
    watch = stalled.map(left -> watch.next(left, at)).orElse(DrainWatch.NOTHING);
    return watch.stands() ? told.stall(watch.stage(), at) : Optional.empty();
  }

  private void catchUp() {
    if (!follower.catchUp()) {
      throw new ChainUnavailableException(
          Refusals.MISSING, "the stream " + names.decisionsStream() + " is not there", null);
    }
  }

  /** Half of the largest message, so that there is room for the edges of edits to come. */
  private boolean fits(Edges edges) {
    return WireJson.bytes(edges).length <= link.maxPayload() / 2;
  }

  private static String tooMany(List<Edge> begun) {
    return "%d batches are decided and not acknowledged yet, too many to note: it is tried again when they are fewer"
        .formatted(begun.stream().mapToInt(e -> e.held().size()).sum());
  }

  /**
   * Removes the readers of queues that go on whose edges were not written down. They have no
   * workers: what they keep in a queue would stay in it, and fill it.
   */
  private void withdrawReaders(ShapeChange change) {
    if (begunInVain) {
      book.confirm();
      change.beginning().stream()
          .filter(b -> !b.onNewQueue())
          .forEach(b -> setup.deleteConsumer(names.queueStream(b.queue()), b.reader()));
      begunInVain = false;
    }
  }

  private void sweepAgain() {
    Instant now = clock.instant();
    if (now.isBefore(dying) && !now.isBefore(nextSweep)) {
      nextSweep = now.plus(BETWEEN_SWEEPS);
      swept = false;
    }
  }

  private void letGo() {
    closed = Set.of();
    calm = Map.of();
  }

  /** Whether it is a reader that a queue gets besides those that it has, or after them. */
  private boolean begins(QueueLayout.Place place, ShapeChange change) {
    return change.beginning().stream()
        .filter(b -> !b.onNewQueue())
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

  /**
   * Removes what no edge that lasts has: consumers, which would hold messages for ever, and empty
   * queues. Some are of an edge that ended, some of an edit that was refused or taken back.
   */
  private void sweep(Edges edges) {
    if (swept) {
      return;
    }
    book.confirm();
    Set<String> stages = new HashSet<>();
    edges.lasting().forEach(e -> stages.addAll(List.of(e.queue(), e.reader())));
    for (String queue : setup.queues()) {
      if (stages.contains(queue)) {
        setup.deleteConsumers(names.queueStream(queue), c -> !edges.join(queue, c));
      } else {
        // What nobody reads any more leaves the queue: of a stage that was given up there is some.
        setup.deleteConsumers(names.queueStream(queue), c -> true);
        setup.deleteQueue(queue);
      }
    }
    for (String stream :
        List.of(names.retriesStream(), names.waitingStream(), names.splitsStream())) {
      setup.deleteConsumers(stream, c -> !stages.contains(c));
    }
    edges.stagesEver().stream().filter(s -> !stages.contains(s)).forEach(setup::forget);
    begunInVain = false;
    swept = true;
  }
}
