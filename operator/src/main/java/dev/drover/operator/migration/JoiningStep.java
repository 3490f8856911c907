package dev.drover.operator.migration;

import dev.drover.api.v1alpha1.MigrationSpec;
import dev.drover.api.v1alpha1.MigrationStatus;
import dev.drover.operator.chain.Chain;
import dev.drover.operator.chain.ChainUnavailableException;
import dev.drover.operator.chain.Joining;
import dev.drover.operator.chain.Removal;
import dev.drover.operator.scaling.Reason;
import dev.drover.operator.status.Halts;
import dev.drover.operator.status.Observation.InForce;
import dev.drover.operator.status.Observation.Planning;
import dev.drover.wire.edges.Edges;
import dev.drover.wire.plan.StageSpec;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * Says which chain is in force: the newest that was planned and whose stages are joined, of the
 * spec as it is, else of one before. An edit that lets stages come or go is begun only when the
 * status has told what it means. Thread-safe.
 */
public final class JoiningStep {
  /**
   * The chain in force of each Migration by uid, so that a plan is read once, and workers can still
   * be scaled and stopped while NATS is away. Only a memory: it is found again after a restart.
   */
  private final Map<String, InForce> known = new ConcurrentHashMap<>();

  /**
   * What of a Migration it is about.
   *
   * @param abandoned stages that are not drained if they go
   * @param halted whether nothing may be begun
   * @param before its status
   */
  public record Subject(
      String uid,
      MigrationSpec.Queues queues,
      List<String> abandoned,
      boolean halted,
      @Nullable MigrationStatus before) {
    private MigrationStatus.@Nullable Grafting told() {
      return before == null ? null : before.grafting();
    }

    /**
     * Which stages have no workers whatever they have to do, and why, as was seen at the last
     * visit: until somebody does something about it, or its time comes, they drain nothing.
     */
    private Map<String, MigrationStatus.Scaling> standing() {
      return Halts.of(before);
    }

    /** Whether a stage is given up of which it was told that it would be drained. */
    private boolean toldOtherwise(MigrationStatus.Graft graft) {
      return abandoned.contains(graft.name()) && graft.change().equals(Joining.Kind.Removed.name());
    }

    /** Why a stage drains nothing, and what to do about it where that is no longer plain. */
    private static String why(String stage, MigrationStatus.@Nullable Scaling halt, boolean goes) {
      if (halt == null) {
        return "";
      }
      String text = "; %s stands still, %s: %s".formatted(stage, halt.reason(), halt.message());
      return goes && Reason.BudgetExceeded.name().equals(halt.reason())
          ? text + "; put it back with a higher errorBudget.attempt, and remove it after that"
          : text;
    }
  }

  /**
   * What planning comes to beside the chain that runs.
   *
   * @param inForce the chain that runs; null if there is none, or it is not known
   * @param grafting how stages come or go; null when none does
   */
  public record Shape(
      Planning planning, @Nullable InForce inForce, MigrationStatus.@Nullable Grafting grafting) {}

  /** The chain in force, as far as it is remembered. */
  @Nullable InForce last(String uid) {
    return known.get(uid);
  }

  /** Forgets a Migration that is gone. */
  void forget(String uid) {
    known.remove(uid);
  }

  /**
   * Finds the chain in force again, once in the life of an operator. The status tells which it was;
   * how the stages are joined is the truth, and what the operator before left behind is tidied up.
   *
   * @return why that is not known now; empty if it is, or if nothing was in force yet
   */
  public Optional<ChainUnavailableException> recall(Subject subject, Chain chain) {
    MigrationStatus before = subject.before();
    if (known.containsKey(subject.uid()) || before == null || before.plan() == null) {
      return Optional.empty();
    }
    try {
      InForce told = find(chain, before.plan().revision());
      if (told != null && told.plan().startable()) {
        switch (chain.join(told.revision(), told.spec(), subject.queues(), false)) {
          case Joining.Joined j -> known.put(subject.uid(), told);
          case Joining.Underway u -> joined(subject.uid(), told, chain, u.now());
          case Joining.Refused r -> joined(subject.uid(), told, chain, r.now());
        }
      }
      return Optional.empty();
    } catch (ChainUnavailableException e) {
      return Optional.of(e);
    }
  }

  /**
   * Brings the stages nearer to how the spec has them.
   *
   * @param planned how far planning of the spec is
   * @param fresh the chain of the spec; null if it is not planned
   */
  public Shape shape(Subject subject, Chain chain, Planning planned, @Nullable InForce fresh) {
    String uid = subject.uid();
    InForce last = known.get(uid);
    MigrationStatus.Grafting told = subject.told();
    if (planned instanceof Planning.NotKnown) {
      return new Shape(planned, last, told);
    }
    if (fresh == null) {
      return told == null || last == null
          ? new Shape(planned, last, null)
          : withdrawn(subject, chain, planned, last);
    }
    if (last != null && last.revision().equals(fresh.revision()) && told == null) {
      known.put(uid, fresh);
      return new Shape(planned, fresh, null);
    }
    boolean go =
        told != null
            && told.revision().equals(fresh.revision())
            && told.stages().stream().noneMatch(subject::toldOtherwise)
            && !subject.halted();
    Map<String, MigrationStatus.Scaling> standing = subject.standing();
    try {
      return switch (chain.join(
          fresh.revision(),
          fresh.spec(),
          subject.queues(),
          go,
          new Removal(standing.keySet(), Set.copyOf(subject.abandoned())))) {
        case Joining.Joined j -> {
          known.put(uid, fresh);
          yield new Shape(planned, fresh, null);
        }
        case Joining.Underway u ->
            new Shape(planned, joined(uid, last, chain, u.now()), grafting(fresh, u, standing));
        case Joining.Refused r ->
            new Shape(new Planning.Refused(r.findings()), joined(uid, last, chain, r.now()), null);
      };
    } catch (ChainUnavailableException e) {
      return new Shape(planned, last, told);
    }
  }

  /** An edit came over one that was being carried out: what was closed for that opens again. */
  private Shape withdrawn(Subject subject, Chain chain, Planning planned, InForce last) {
    try {
      return switch (chain.join(last.revision(), last.spec(), subject.queues(), false)) {
        case Joining.Joined j -> new Shape(planned, last, null);
        case Joining.Underway u ->
            new Shape(planned, joined(subject.uid(), last, chain, u.now()), null);
        case Joining.Refused r ->
            new Shape(planned, joined(subject.uid(), last, chain, r.now()), null);
      };
    } catch (ChainUnavailableException e) {
      return new Shape(planned, last, subject.told());
    }
  }

  /**
   * The chain that runs while stages are joined otherwise than a spec has them. It is another than
   * the last if an operator ended, or lost sight of NATS, between the cut-over and the status that
   * tells of it.
   */
  private @Nullable InForce joined(String uid, @Nullable InForce last, Chain chain, Edges now) {
    if (last != null && now.areOf(last.spec())) {
      return last;
    }
    InForce found = find(chain, now.revision());
    if (found != null) {
      known.put(uid, found);
    }
    return found;
  }

  private static @Nullable InForce find(Chain chain, String revision) {
    return chain
        .spec(revision)
        .flatMap(s -> chain.plan(revision).map(p -> new InForce(revision, s, p)))
        .orElse(null);
  }

  private static MigrationStatus.Grafting grafting(
      InForce fresh, Joining.Underway underway, Map<String, MigrationStatus.Scaling> standing) {
    String drains = underway.drains();
    boolean goes =
        fresh.spec().stages().stream().map(StageSpec::name).noneMatch(s -> s.equals(drains));
    String why = drains == null ? "" : Subject.why(drains, standing.get(drains), goes);
    return new MigrationStatus.Grafting(
        fresh.revision(),
        underway.changes().stream()
            .map(
                c ->
                    new MigrationStatus.Graft(
                        c.stage(),
                        c.kind().name(),
                        c.draining() ? "EdgeDraining" : "Planned",
                        c.message() + why))
            .toList());
  }
}
