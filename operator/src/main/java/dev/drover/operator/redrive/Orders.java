package dev.drover.operator.redrive;

import dev.drover.api.v1alpha1.Redrive;
import dev.drover.api.v1alpha1.RedriveSpec;
import dev.drover.api.v1alpha1.StartAt;
import dev.drover.wire.plan.Step;
import dev.drover.wire.replay.Change;
import dev.drover.wire.replay.JournalEntry;
import dev.drover.wire.replay.RedriveOrder;
import dev.drover.wire.replay.Selector;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** From the resource as users write it to the order as its worker reads it. Pure. */
final class Orders {
  private Orders() {}

  /**
   * The order of a Redrive.
   *
   * @param revision the chain revision that is planned; null if none is
   * @param user who asked for it; null if nobody knows
   */
  static RedriveOrder of(Redrive redrive, @Nullable String revision, @Nullable String user) {
    RedriveOrder order = of(redrive, user);
    return redrive.getSpec().startAt() == StartAt.Source && revision != null
        ? order.fromSource(revision)
        : order;
  }

  private static RedriveOrder of(Redrive redrive, @Nullable String user) {
    RedriveSpec spec = redrive.getSpec();
    RedriveSpec.StopOn stopOn = spec.stopOn();
    List<Step.Assignment> set =
        spec.set() == null
            ? List.of()
            : spec.set().stream().map(a -> new Step.Assignment(a.field(), a.to())).toList();
    return new RedriveOrder(
        new JournalEntry.By(
            redrive.getKind(),
            redrive.getMetadata().getName(),
            redrive.getMetadata().getUid(),
            redrive.getMetadata().getGeneration(),
            user,
            spec.reason()),
        selector(spec.selector()),
        spec.action() == RedriveSpec.Action.Waive
            ? JournalEntry.Action.waive
            : JournalEntry.Action.replay,
        new Change(spec.correction(), set),
        spec.ratePerSecond(),
        spec.ramp() == null ? List.of() : spec.ramp(),
        stopOn == null ? null : stopOn.count(),
        stopOn == null ? null : stopOn.percent(),
        Boolean.TRUE.equals(spec.dryRun()),
        Boolean.TRUE.equals(spec.suspend()));
  }

  private static Selector selector(RedriveSpec.@Nullable Selector s) {
    return s == null
        ? Selector.ALL
        : new Selector(
            s.stage(),
            s.code(),
            s.fingerprint(),
            s.table(),
            s.seenAfter(),
            s.seenBefore(),
            s.keys() == null ? Set.of() : Set.copyOf(s.keys()),
            s.errorSequences() == null ? Set.of() : Set.copyOf(s.errorSequences()),
            s.upToErrorSequence());
  }
}
