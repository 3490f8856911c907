package dev.drover.wire.plan;

import dev.drover.wire.names.PrivateName;
import java.util.List;
import java.util.NoSuchElementException;

/**
 * What a Migration asks for, as the planner and the workers read it: the operator writes it into
 * the state bucket from the resource's spec. Holds no secrets. Immutable.
 *
 * @param connections the endpoints, by name
 * @param stages the stages, in the order of the manifest; a stage's index here is its index in the
 *     resource's {@code spec.stages}, which messages to the user cite. Behind them stand the copies
 *     that are made for grafts alone, see {@link PrivateName}
 */
public record ChainSpec(List<ConnectionSpec> connections, List<StageSpec> stages) {
  public ChainSpec {
    connections = List.copyOf(connections);
    stages = List.copyOf(stages);
  }

  /**
   * The stage of a name.
   *
   * @throws NoSuchElementException if there is none
   */
  public StageSpec stage(String name) {
    return stages.get(indexOf(name));
  }

  /**
   * The index of the stage of a name.
   *
   * @throws NoSuchElementException if there is none
   */
  public int indexOf(String name) {
    for (int i = 0; i < stages.size(); i++) {
      if (stages.get(i).name().equals(name)) {
        return i;
      }
    }
    throw new NoSuchElementException("no stage " + name);
  }

  /**
   * The index that messages to the user cite for a stage: its own, and for a copy that of the stage
   * which it is a copy of.
   *
   * @throws NoSuchElementException if there is no such stage
   */
  public int placeOf(String name) {
    return PrivateName.parse(name)
        .map(PrivateName::stage)
        .filter(original -> stages.stream().anyMatch(s -> s.name().equals(original)))
        .map(this::indexOf)
        .orElseGet(() -> indexOf(name));
  }

  /**
   * The connection of a name.
   *
   * @throws NoSuchElementException if there is none
   */
  public ConnectionSpec connection(String name) {
    return connections.stream()
        .filter(c -> c.name().equals(name))
        .findFirst()
        .orElseThrow(() -> new NoSuchElementException("no connection " + name));
  }

  /** The stages that read a stage's queue, in order. */
  public List<StageSpec> consumersOf(String stage) {
    return stages.stream().filter(s -> stage.equals(s.from())).toList();
  }
}
