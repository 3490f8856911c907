package dev.drover.operator.validation;

import dev.drover.wire.plan.ChainSpec;
import dev.drover.wire.plan.Finding;
import dev.drover.wire.plan.StageSpec;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * Which stages a chain has and how they are joined. Once records move that is fixed: a stage that
 * is added would miss what has passed already, one that is taken away would leave a queue that
 * nobody empties. Pure.
 */
public final class ChainShape {
  private ChainShape() {}

  /**
   * What an edit changes of a chain that moves records.
   *
   * @param moving the chain as it runs
   * @param wanted the chain as the spec has it now
   */
  public static List<Finding> changes(ChainSpec moving, ChainSpec wanted) {
    Map<String, String> before = shape(moving);
    Map<String, String> after = shape(wanted);
    for (StageSpec stage : wanted.stages()) {
      String joined = before.get(stage.name());
      if (!Objects.equals(after.get(stage.name()), joined)) {
        return List.of(
            Finding.error(
                "ChainChanged",
                "spec.stages[" + wanted.indexOf(stage.name()) + "]",
                (joined == null
                            ? "stage %s is new, and records are moving already"
                            : "stage %s was %s")
                        .formatted(stage.name(), joined)
                    + ": stages cannot be added or joined otherwise in a running Migration. Take"
                    + " the change back, or make another Migration with it"));
      }
    }
    for (String name : before.keySet()) {
      if (!after.containsKey(name)) {
        return List.of(
            Finding.error(
                "ChainChanged",
                "spec.stages",
                "stage "
                    + name
                    + " is gone, and records are moving already: put it back, or make another"
                    + " Migration without it"));
      }
    }
    return List.of();
  }

  private static Map<String, String> shape(ChainSpec chain) {
    Map<String, String> shape = new HashMap<>();
    for (StageSpec stage : chain.stages()) {
      shape.put(
          stage.name(),
          switch (stage) {
            case StageSpec.Extract e ->
                "an extract of connection "
                    + e.connectionName()
                    + (e.consistency() == StageSpec.Consistency.Snapshot ? " by a snapshot" : "");
            case StageSpec.Transform t -> "a transform from " + t.from();
            case StageSpec.Enrich e -> "an enrich from " + e.from();
            case StageSpec.Load l -> "a load from " + l.from();
          });
    }
    return shape;
  }
}
