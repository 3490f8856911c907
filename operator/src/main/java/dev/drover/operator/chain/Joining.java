package dev.drover.operator.chain;

import dev.drover.wire.edges.Edges;
import dev.drover.wire.plan.Finding;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** How far a chain's stages are joined as a spec has them. */
public sealed interface Joining {
  /**
   * Reasons of findings that say what a stage that is to go has still to do: the chain before the
   * edit runs on, and its records may be sent again. A refusal whose first finding has one of these
   * reasons has no others.
   */
  Set<String> HOLDING = Set.of("StageHoldsFailures", "StageHoldsWaiting", "IndexesOwed");

  /** They are. */
  record Joined() implements Joining {}

  /**
   * They are not yet.
   *
   * @param now how they are joined meanwhile
   * @param changes what changes, stage by stage
   * @param drains the stage that has something left of what is drained; null if none has
   */
  record Underway(Edges now, List<Change> changes, @Nullable String drains) implements Joining {
    public Underway {
      changes = List.copyOf(changes);
    }

    /** While no stage has anything left. */
    public Underway(Edges now, List<Change> changes) {
      this(now, changes, null);
    }
  }

  /**
   * They cannot be, as the chain stands.
   *
   * @param now how they are joined meanwhile
   */
  record Refused(Edges now, List<Finding> findings) implements Joining {
    public Refused {
      findings = List.copyOf(findings);
    }
  }

  /**
   * A stage that comes or goes.
   *
   * @param draining whether its queue is being drained; else nothing is begun
   * @param message what it will see, or what it waits for
   */
  record Change(String stage, Kind kind, boolean draining, String message) {}

  /** How a stage comes or goes. */
  enum Kind {
    /** As one more reader of a queue, or behind such a one. */
    Added,
    /** Between two others. */
    Inserted,
    /** It goes once it is drained. */
    Removed,
    /** It goes, and what it has left is given up. */
    Abandoned
  }
}
