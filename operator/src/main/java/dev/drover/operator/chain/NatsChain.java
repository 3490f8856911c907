package dev.drover.operator.chain;

import dev.drover.api.v1alpha1.MigrationSpec;
import dev.drover.wire.names.ChainNames;
import dev.drover.wire.plan.ChainPlan;
import dev.drover.wire.plan.ChainSpec;
import dev.drover.wire.plan.StageSpec;
import dev.drover.wire.queues.QueueLayout;
import dev.drover.wire.state.Pace;
import dev.drover.wire.state.SourceSnapshot;
import dev.drover.wire.state.StateStore;
import dev.drover.wire.state.WaitingRound;
import dev.drover.wire.state.WireJson;
import io.fabric8.kubernetes.api.model.Quantity;
import io.nats.client.JetStreamApiException;
import io.nats.client.KeyValue;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * The chain of one migration over NATS. What it remembers between calls is only what NATS can tell
 * again: losing it costs time, not truth.
 */
final class NatsChain implements Chain {
  private static final Duration PATIENCE = Duration.ofSeconds(5);

  /** How long queues that were as they should be are taken to be so, unless one is missed. */
  private static final Duration TRUST = Duration.ofMinutes(2);

  private final NatsLink link;
  private final ChainNames names;
  private final InstantSource clock;
  private final ServerCheck server;
  private final QueueSetup setup;
  private final TallyFollower follower;
  private final HeardStalls heard;
  private final SplitSender splits;
  private final Cuts cuts;
  private final Backlogs backlogs;
  private final FailureCauses causes;
  private final Finishings finishings;
  private final Paces paces;
  private final Budgets budgets;
  private final Deferrals deferrals;
  private final Grafts grafts;
  private final ConnectionCaps caps;
  private final Map<String, WaitingWatch> waiting = new HashMap<>();

  /** Extracts of which it is known that no snapshot is held for them any more. */
  private final Set<String> released = new HashSet<>();

  /** Loads of which it is known that no round is written for them. */
  private final Set<String> endless = new HashSet<>();

  /** The revision by whose plan all splits in the queue are to be read; null if not known. */
  private @Nullable String sentBy;

  private volatile boolean begun;
  private @Nullable Ensured ensured;
  private LossWatch loss = LossWatch.NOTHING;
  private LostFailures lostFailures = LostFailures.NONE;
  private Map<String, Long> decidedBefore = Map.of();
  private @Nullable Rest rest;

  NatsChain(NatsLink link, ChainNames names, InstantSource clock, ServerCheck server) {
    this.link = link;
    this.names = names;
    this.clock = clock;
    this.server = server;
    setup = new QueueSetup(link, names);
    follower = new TallyFollower(link, names, PATIENCE);
    heard = new HeardStalls(link, names);
    splits = new SplitSender(link, names);
    cuts = new Cuts(link, names);
    backlogs = new Backlogs(link, names);
    causes = new FailureCauses(link, names);
    finishings = new Finishings(link, names);
    paces = new Paces(link, names);
    budgets = new Budgets(link, names);
    deferrals = new Deferrals(link, names, follower);
    grafts = new Grafts(link, names, setup, follower, splits, deferrals, clock);
    caps = new ConnectionCaps(link, names);
  }

  @Override
  public void begun() {
    begun = true;
  }

  @Override
  public void publishSpec(String revision, ChainSpec spec, MigrationSpec.Queues queues) {
    link.maxPayload();
    admit(queues);
    requireState();
    setup.ensureBucket(layout(queues));
    link.run("write the spec", nats -> StateStore.open(nats, names).putSpec(revision, spec));
  }

  @Override
  public Optional<String> danger(MigrationSpec.Queues queues) {
    return server.danger(queues);
  }

  /** What has begun goes on: its records are in the queues already. */
  private synchronized void admit(MigrationSpec.Queues queues) {
    Optional<String> danger = server.danger(queues);
    if (danger.isPresent() && !hasBegun()) {
      throw new ChainUnavailableException(
          NATS_VERSION_UNSAFE, danger.get() + ". Nothing was begun; it is looked at again", null);
    }
  }

  private void requireState() {
    if (begun && !splits.isStarted()) {
      throw new ChainUnavailableException(
          STATE_LOST,
          "the state bucket "
              + names.stateBucket()
              + " is gone, or empty, and the migration had begun: NATS was set up anew, or its storage is lost. Nothing is begun anew, since what was loaded cannot be told from what was not. Give NATS its storage back, and it goes on by itself; or delete the Migration and apply it again, with mode: Insert after emptying its target tables",
          null);
    }
  }

  private boolean hasBegun() {
    try {
      return splits.started().isPresent();
    } catch (ChainUnavailableException e) {
      if (e.reason().equals(Refusals.MISSING)) {
        return false;
      }
      throw e;
    }
  }

  private QueueLayout layout(MigrationSpec.Queues queues) {
    Quantity maxBytes = new Quantity(Objects.requireNonNull(queues.maxBytes()));
    return new QueueLayout(
        names,
        Quantity.getAmountInBytes(maxBytes).longValueExact(),
        replicas(queues),
        grafts.closed());
  }

  /** What is kept less often stays so while the server may lose what is kept more often. */
  private int replicas(MigrationSpec.Queues queues) {
    int wanted = Objects.requireNonNull(queues.replicas());
    if (server.danger(queues).isEmpty()) {
      return wanted;
    }
    return link.stream("read how often queues are kept", names.decisionsStream(), null)
        .map(stream -> Math.min(wanted, stream.replicas()))
        .orElse(wanted);
  }

  @Override
  public synchronized Joining join(
      String revision, ChainSpec spec, MigrationSpec.Queues queues, boolean go, Removal removal) {
    Set<String> closed = grafts.closed();
    try {
      return grafts.join(revision, spec, layout(queues), go, removal);
    } finally {
      if (!grafts.closed().equals(closed)) {
        ensured = null; // the queues are not as they were made last, or are not to be
      }
    }
  }

  @Override
  public Optional<ChainSpec> spec(String revision) {
    return read("read the spec", store -> store.spec(revision));
  }

  @Override
  public Optional<ChainPlan> plan(String revision) {
    return read("read the plan", store -> store.plan(revision));
  }

  @Override
  public Optional<String> planProgress(String revision) {
    return read("read how planning goes", store -> store.planProgress(revision));
  }

  private record Ensured(QueueLayout layout, ChainSpec spec, Instant at) {
    boolean holds(QueueLayout wanted, ChainSpec of, Instant now) {
      return layout.equals(wanted) && spec.equals(of) && isTrusted(now);
    }

    boolean isTrusted(Instant now) {
      return now.isBefore(at.plus(TRUST));
    }
  }

  /** Looks at each only when something else is wanted, one was missed, or it is some time ago. */
  @Override
  public synchronized void ensureQueues(ChainSpec spec, MigrationSpec.Queues queues) {
    link.maxPayload();
    admit(queues);
    Ensured before = ensured;
    Instant now = clock.instant();
    if (before == null || !before.isTrusted(now)) {
      requireState();
    }
    grafts.recall(spec);
    deferrals.note(spec);
    QueueLayout layout = layout(queues);
    if (before == null || !before.holds(layout, spec, now)) {
      ensured = null;
      setup.ensureQueues(layout, spec);
      ensured = new Ensured(layout, spec, now);
    }
  }

  /** Reads the chain anew only where something may have moved since it was read last. */
  @Override
  public synchronized ChainSnapshot advance(
      String revision, ChainSpec spec, ChainPlan planned, boolean hold) {
    Rest.Question question = new Rest.Question(revision, spec, planned, hold);
    Instant now = clock.instant();
    boolean stalls = heard.into(follower.checkpoints(), now);
    Rest last = rest;
    rest = null; // whatever fails, the chain is read again
    if (last == null || stalls || !last.answers(question, now) || !follower.nothingNew()) {
      return read(question);
    }
    rest = last;
    return last.answer();
  }

  /**
   * The order of the readings matters. Queues are read before decisions, so what has left a queue
   * is decided in what is read after; decisions before checkpoints, see {@link
   * TallyFollower#catchUp}; and the error queue last, see {@link LostFailures}.
   */
  private ChainSnapshot read(Rest.Question question) {
    ChainSpec spec = question.spec();
    Ensured were = ensured;
    ensured = null; // whatever fails, they are looked at again
    grafts.recall(spec);
    ChainPlan plan = cuts.settle(question.plan());
    Set<String> queued = new HashSet<>(splits.queued());
    Map<String, Backlog> backlog = backlogs.read(spec);
    TallyFollower.Marks before = follower.seen();
    boolean whole = follower.catchUp();
    List<Rekeyed> rekeyed = whole ? cuts.rekeyed(plan, follower.checkpoints()) : List.of();
    Optional<StreamFigures> errors = causes.count();
    if (whole
        && errors.isPresent()
        && backlog.values().stream().allMatch(b -> b.missingStream() == null)) {
      ensured = were;
    }
    List<Split> next = List.of();
    if (!question.hold() && whole) {
      if (!question.revision().equals(sentBy)) {
        queued.removeAll(splits.withdraw(queued, plan, question.revision(), this::plan));
        sentBy = question.revision();
      }
      next = Dispatch.next(spec, plan, follower.checkpoints(), follower.tally(), rekeyed, queued);
      splits.send(next, question.revision());
      next.forEach(split -> queued.add(split.place()));
    }
    Map<String, Standing> standings =
        Standing.of(spec, plan, follower.checkpoints(), follower.tally(), backlog);
    Instant now = clock.instant();
    loss = loss.next(standings.values(), grafts.closed(), now);
    lostFailures = lostFailures.next(standings.values(), byStage(spec, errors), now);
    if (!question.hold()) {
      endWaiting(standings.values(), now);
    }
    Set<String> unfinished = finishings.open(standings.values(), question.hold() || !whole);
    Snapshots snapshots =
        new Snapshots(
            spec,
            plan,
            follower.checkpoints(),
            standings,
            unfinished,
            budgets.breaches(spec),
            rekeyed);
    ChainSnapshot snapshot = snapshot(snapshots, standings, queued, whole, errors, now);
    // What follows from a decision may come after it, so one reading without a new one is not
    // enough.
    if (before != null
        && before.equals(follower.seen())
        && loss.stage() == null
        && lostFailures.stage() == null
        && Rest.is(snapshot, standings.values(), next)) {
      rest = new Rest(question, snapshot, now);
    }
    return snapshot;
  }

  @Override
  public synchronized void pace(ChainSpec spec, Map<String, Pace> limits, Duration grace) {
    for (StageSpec stage : spec.stages()) {
      paces.tell(stage.name(), limits.get(stage.name()));
      if (stage instanceof StageSpec.Enrich enrich && enrich.http() != null) {
        String requests = Pace.requests(stage.name());
        paces.tellWithThoseWhoLeave(requests, limits.get(requests), grace, clock.instant());
      }
    }
  }

  @Override
  public synchronized Map<String, Integer> caps(Map<String, Integer> wanted, Set<String> refused) {
    wanted.forEach(
        (connection, cap) -> {
          if (!refused.contains(connection) || caps.told(connection).isEmpty()) {
            caps.tell(connection, cap);
          }
        });
    return wanted.keySet().stream()
        .collect(Collectors.toMap(c -> c, c -> caps.told(c).orElseThrow()));
  }

  @Override
  public synchronized void budget(ChainSpec spec, Map<String, BudgetWish> wishes) {
    spec.stages().forEach(s -> budgets.tell(s.name(), wishes.get(s.name())));
  }

  @Override
  public synchronized void releaseSnapshot(String stage) {
    if (released.contains(stage)) {
      return;
    }
    boolean settled =
        link.call(
            "release the snapshot of stage " + stage,
            nats -> {
              StateStore store = StateStore.open(nats, names);
              Optional<StateStore.Versioned<SourceSnapshot>> there = store.snapshot(stage);
              return there.isEmpty()
                  || there.get().value().state() != SourceSnapshot.State.Held
                  || store.putSnapshot(stage, there, there.get().value().released());
            });
    if (settled) {
      released.add(stage);
    }
  }

  @Override
  public synchronized Deletion delete(MigrationSpec.QueueDeletionPolicy policy) {
    ensured = null;
    return new Deletion(setup.delete(policy));
  }

  /** Lets go of what it has open at NATS; nothing there changes. */
  synchronized void forget() {
    heard.close();
  }

  private ChainSnapshot snapshot(
      Snapshots snapshots,
      Map<String, Standing> standings,
      Set<String> queued,
      boolean whole,
      Optional<StreamFigures> errors,
      Instant now) {
    ChainSnapshot.Balance balance =
        whole
            ? balance(standings.values(), errors, now)
            : new ChainSnapshot.Balance(
                false,
                "QueueLost",
                "the stream " + names.decisionsStream() + " is not there: nothing can be counted");
    return new ChainSnapshot(
        snapshots.stages(queued, now),
        snapshots.splitsTotal(),
        snapshots.splitsDone(),
        whole && balance.balanced() && lostFailures.stage() == null && snapshots.complete(),
        balance,
        causes.read(errors, now),
        splits.started().orElse(null),
        latest(follower.tally().lastDecision(), follower.checkpoints().lastDone()),
        follower.checkpoints().advisories());
  }

  private ChainSnapshot.Balance balance(
      Collection<Standing> standings, Optional<StreamFigures> errors, Instant now) {
    Standing lost = loss.certain(standings, now);
    Optional<String> culprit = Optional.empty();
    if (lost != null) {
      culprit = server.culprit(() -> replicas(lost));
    } else if (lostFailures.certain()) {
      culprit = server.culprit(() -> errors.map(StreamFigures::replicas).orElse(1));
    }
    Map<String, Long> before = decidedBefore;
    decidedBefore =
        standings.stream().collect(Collectors.toMap(s -> s.stage().name(), Standing::decided));
    return BalanceCheck.of(standings, before, lost, lostFailures, culprit.orElse(null));
  }

  /** How often the queue that a stage reads is kept. */
  private int replicas(Standing reader) {
    return link.stream(
            "read how often a queue is kept",
            names.queueStream(Objects.requireNonNull(reader.stage().from())),
            null)
        .map(StreamFigures::replicas)
        .orElse(1);
  }

  /** Messages in the error queue by stage. */
  private Map<String, Long> byStage(ChainSpec spec, Optional<StreamFigures> errors) {
    Map<String, Long> messages = new HashMap<>();
    for (StageSpec stage : spec.stages()) {
      String subjects = names.errorSubject(stage.name(), "");
      messages.put(
          stage.name(),
          errors.map(StreamFigures::subjects).orElse(Map.of()).entrySet().stream()
              .filter(cause -> cause.getKey().startsWith(subjects))
              .mapToLong(Map.Entry::getValue)
              .sum());
    }
    return messages;
  }

  /** Tells loads that have nothing but records that wait, and waited in vain, to give them up. */
  private void endWaiting(Collection<Standing> standings, Instant now) {
    for (Standing s : standings) {
      if (!(s.stage() instanceof StageSpec.Load)) {
        continue;
      }
      String stage = s.stage().name();
      WaitingWatch before = waiting.computeIfAbsent(stage, key -> WaitingWatch.start(s, now));
      WaitingWatch watch = before.next(s, now);
      if (watch.over(s, now)) {
        endless.remove(stage); // first: the round may be there though the answer was lost
        writeRound(stage, new WaitingRound(s.decisions()));
        watch = WaitingWatch.start(s, now);
      } else if (!before.goesOn(s) && !endless.contains(stage)) {
        forgetRound(stage);
        endless.add(stage);
      }
      waiting.put(stage, watch);
    }
  }

  private void writeRound(String stage, WaitingRound round) {
    link.call(
        "end the waiting of stage " + stage,
        nats ->
            StateStore.open(nats, names)
                .bucket()
                .put(WaitingRound.key(stage), WireJson.bytes(round)));
  }

  /** What arrives from now on may be what those that wait later lack. */
  private void forgetRound(String stage) {
    link.run(
        "let stage " + stage + " wait again",
        nats -> {
          KeyValue bucket = StateStore.open(nats, names).bucket();
          if (bucket.get(WaitingRound.key(stage)) != null) {
            bucket.delete(WaitingRound.key(stage));
          }
        });
  }

  private static @Nullable Instant latest(@Nullable Instant one, @Nullable Instant other) {
    if (one == null || other == null) {
      return one == null ? other : one;
    }
    return one.isAfter(other) ? one : other;
  }

  @FunctionalInterface
  private interface Reading<T> {
    Optional<T> from(StateStore store) throws java.io.IOException, JetStreamApiException;
  }

  /** Reads from the state bucket; a bucket that is not there has nothing. */
  private <T> Optional<T> read(String what, Reading<T> reading) {
    try {
      return link.call(what, nats -> reading.from(StateStore.open(nats, names)));
    } catch (ChainUnavailableException e) {
      if (e.reason().equals(Refusals.MISSING)) {
        return Optional.empty();
      }
      throw e;
    }
  }
}
