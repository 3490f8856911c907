package dev.drover.operator.validation;

import dev.drover.wire.names.PrivateName;
import dev.drover.wire.plan.ChainSpec;
import dev.drover.wire.plan.Finding;
import dev.drover.wire.plan.StageSpec;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Which edits of its stages a chain that moves records can take: one more branch, a stage between
 * two others, one that goes. What is read, and of what kind a stage is, stays; and a stage that
 * stays reads, over stages that come and go, from where it did. Pure.
 */
public final class ChainShape {
  private ChainShape() {}

  /**
   * What of an edit a chain that moves records cannot take.
   *
   * @param moving the chain as it runs
   * @param wanted the chain as the spec has it now
   */
  public static List<Finding> changes(ChainSpec moving, ChainSpec wanted) {
    List<Finding> faults = new ArrayList<>();
    for (StageSpec stage : wanted.stages()) {
      String path = "spec.stages[" + wanted.placeOf(stage.name()) + "]";
      StageSpec before = find(moving, stage.name()).orElse(null);
      if (before == null) {
        if (stage instanceof StageSpec.Extract && PrivateName.parse(stage.name()).isPresent()) {
          copied(moving, wanted, stage.name()).ifPresent(faults::add);
        } else if (stage instanceof StageSpec.Extract) {
          faults.add(
              changed(
                  path,
                  "stage %s is a new extract, and records are moving already: a running Migration reads what it read from the start. Make another Migration with it"
                      .formatted(stage.name())));
        }
      } else if (!kind(before).equals(kind(stage))) {
        faults.add(
            changed(
                path,
                "stage %s was %s: it cannot become another while records are moving. Take the change back, or give the new stage another name"
                    .formatted(stage.name(), kind(before))));
      } else if (readsCopies(before) != readsCopies(stage)) {
        faults.add(
            changed(
                path + ".backfill",
                "stage %s has joined already, %s backfill, and cannot change that: put it back. A stage of another name may join %s"
                    .formatted(
                        stage.name(),
                        readsCopies(before) ? "with" : "without",
                        readsCopies(before) ? "without" : "with it")));
      } else if (graftAbove(moving, wanted, stage).isPresent()) {
        String graft = graftAbove(moving, wanted, stage).orElseThrow();
        faults.add(
            changed(
                "spec.stages[" + wanted.indexOf(graft) + "].backfill",
                "stage %s comes before %s, which has had records already and would get all of them once more: remove backfill"
                    .formatted(graft, stage.name())));
      } else if (!anchor(moving, before, wanted).equals(anchor(wanted, stage, moving))) {
        faults.add(
            changed(
                path + ".from",
                "stage %s read %s: records are moving, so what it reads now must lead back to there over stages that are new, or were taken away. Take the change back, or make another Migration with it"
                    .formatted(stage.name(), before.from())));
      }
    }
    for (StageSpec stage : moving.stages()) {
      // A copy goes with the stage that it was for; that this one stays without is told already.
      if (stage instanceof StageSpec.Extract
          && PrivateName.parse(stage.name()).isEmpty()
          && find(wanted, stage.name()).isEmpty()) {
        faults.add(
            changed(
                "spec.stages",
                "stage %s is gone, and records are moving already: an extract cannot be removed. Put it back, or make another Migration without it"
                    .formatted(stage.name())));
      }
    }
    return faults;
  }

  /** An extract that is a copy comes with the stage that it is for, and never later. */
  private static Optional<Finding> copied(ChainSpec moving, ChainSpec wanted, String extract) {
    String graft = PrivateName.parse(extract).orElseThrow().graft();
    return find(moving, graft)
        .filter(ChainShape::readsCopies) // else it is told that it has joined without
        .map(
            before ->
                changed(
                    "spec.stages[" + wanted.indexOf(graft) + "].from",
                    "stage %s joined with a backfill of what another extract reads: take the change back, or give the new stage another name"
                        .formatted(graft)));
  }

  /** Whether what a stage reads are copies that were made for it. */
  private static boolean readsCopies(StageSpec stage) {
    String from = stage.from();
    return from != null
        && PrivateName.parse(from).filter(n -> n.graft().equals(stage.name())).isPresent();
  }

  /** The nearest stage upstream that comes and has a backfill, over stages that come as well. */
  private static Optional<String> graftAbove(ChainSpec moving, ChainSpec wanted, StageSpec stage) {
    Optional<StageSpec> above = find(wanted, stage.from());
    while (above.isPresent() && find(moving, above.get().name()).isEmpty()) {
      if (readsCopies(above.get())) {
        return Optional.of(above.get().name());
      }
      above = find(wanted, above.get().from());
    }
    return Optional.empty();
  }

  private static Finding changed(String path, String message) {
    return Finding.error("ChainChanged", path, message);
  }

  /** The nearest stage upstream that the other chain has, too; empty for an extract. */
  private static String anchor(ChainSpec chain, StageSpec stage, ChainSpec other) {
    String from = stage.from();
    while (from != null && find(other, from).isEmpty()) {
      from = chain.stage(from).from();
    }
    return from == null ? "" : from;
  }

  private static Optional<StageSpec> find(ChainSpec chain, @Nullable String name) {
    return chain.stages().stream().filter(s -> s.name().equals(name)).findFirst();
  }

  private static String kind(StageSpec stage) {
    return switch (stage) {
      case StageSpec.Extract e ->
          "an extract of connection "
              + e.connectionName()
              + (e.consistency() == StageSpec.Consistency.Snapshot ? " by a snapshot" : "");
      case StageSpec.Transform t -> "a transform";
      case StageSpec.Enrich e -> "an enrich";
      case StageSpec.Load l -> "a load";
    };
  }
}
