package dev.drover.operator.chain;

import dev.drover.wire.edges.Edge;
import dev.drover.wire.edges.Edges;
import dev.drover.wire.plan.ChainSpec;
import dev.drover.wire.plan.StageSpec;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What has to be done to a chain's edges for them to be those of a spec. Pure and immutable.
 *
 * @param ending edges that end once they are drained, upstream first
 * @param beginning edges that begin then
 * @param added stages that the chain has not, in the order of the spec
 * @param removed stages that the spec has not
 */
record ShapeChange(
    List<Edge> ending, List<Beginning> beginning, List<String> added, List<String> removed) {

  /**
   * An edge that begins.
   *
   * @param onNewQueue whether the queue's stage is new too, so that nothing is in it
   * @param replaces the edge that ends for it on the same queue, whose reader decides all that the
   *     queue has; null if none ends there
   */
  record Beginning(String queue, String reader, boolean onNewQueue, @Nullable Edge replaces) {}

  static ShapeChange of(Edges now, ChainSpec wanted) {
    Set<String> names = new LinkedHashSet<>();
    wanted.stages().forEach(s -> names.add(s.name()));
    Set<String> present = new LinkedHashSet<>();
    now.lasting().stream()
        .sorted(Comparator.comparingInt(e -> depth(now, e)))
        .forEach(
            e -> {
              present.add(e.queue());
              present.add(e.reader());
            });
    List<Edge> ending =
        now.lasting().stream()
            .filter(e -> !joined(wanted, e.queue(), e.reader()))
            .sorted(Comparator.comparingInt(e -> depth(now, e)))
            .toList();
    List<Beginning> beginning = new ArrayList<>();
    for (StageSpec stage : wanted.stages()) {
      String from = stage.from();
      if (from != null && now.of(stage.name()).filter(e -> e.queue().equals(from)).isEmpty()) {
        Edge replaced = replaced(now, wanted, ending, from, stage.name());
        beginning.add(new Beginning(from, stage.name(), !present.contains(from), replaced));
      }
    }
    return new ShapeChange(
        ending,
        List.copyOf(beginning),
        names.stream().filter(n -> !present.contains(n)).toList(),
        present.stream().filter(n -> !names.contains(n)).toList());
  }

  /**
   * The edge that another takes the queue over from: the one that led to the same stages, else any
   * that ends there. Beside a reader that drains the queue nobody else may see what is in it: a
   * load in place of another would load the same records again.
   */
  private static @Nullable Edge replaced(
      Edges now, ChainSpec wanted, List<Edge> ending, String queue, String reader) {
    List<Edge> ended = ending.stream().filter(e -> e.queue().equals(queue)).toList();
    return ended.stream()
        .filter(e -> overlap(below(now, e.reader()), below(wanted, reader)))
        .findFirst()
        .orElse(ended.isEmpty() ? null : ended.getFirst());
  }

  boolean none() {
    return ending.isEmpty() && beginning.isEmpty();
  }

  /**
   * Stages whose queue takes nothing until what reads it no longer is drained: those that stay, and
   * an extract that goes, which would read on to its end.
   */
  Set<String> closed() {
    Set<String> closed = new LinkedHashSet<>();
    ending.stream()
        .map(Edge::queue)
        .filter(q -> !removed.contains(q) || ending.stream().noneMatch(e -> e.reader().equals(q)))
        .forEach(closed::add);
    return closed;
  }

  Optional<Beginning> to(String reader) {
    return beginning.stream().filter(b -> b.reader().equals(reader)).findFirst();
  }

  /** Whether an added stage leads to one that stays. */
  boolean inserted(String stage) {
    return beginning.stream()
        .filter(b -> b.queue().equals(stage))
        .anyMatch(b -> !added.contains(b.reader()) || inserted(b.reader()));
  }

  private static boolean joined(ChainSpec spec, String queue, String reader) {
    return spec.stages().stream().anyMatch(s -> s.name().equals(reader) && queue.equals(s.from()));
  }

  private static int depth(Edges edges, Edge edge) {
    int depth = 0;
    for (Edge e = edge; e != null; e = edges.of(e.queue()).orElse(null)) {
      depth++;
    }
    return depth;
  }

  private static boolean overlap(Set<String> one, Set<String> other) {
    return one.stream().anyMatch(other::contains);
  }

  private static Set<String> below(Edges edges, String stage) {
    Set<String> below = new LinkedHashSet<>(Set.of(stage));
    edges.lasting().stream()
        .filter(e -> e.queue().equals(stage))
        .forEach(e -> below.addAll(below(edges, e.reader())));
    return below;
  }

  private static Set<String> below(ChainSpec spec, String stage) {
    Set<String> below = new LinkedHashSet<>(Set.of(stage));
    spec.consumersOf(stage).forEach(s -> below.addAll(below(spec, s.name())));
    return below;
  }
}
