package dev.drover.operator.chain;

import dev.drover.wire.edges.Edge;
import dev.drover.wire.edges.Edges;
import dev.drover.wire.names.PrivateName;
import dev.drover.wire.plan.ChainSpec;
import dev.drover.wire.plan.StageSpec;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * What has to be done to a chain's edges for them to be those of a spec. Pure and immutable.
 *
 * @param ending edges that end once they are drained, upstream first
 * @param abandoned edges that end as they are, upstream first: what their readers have left is
 *     given up
 * @param beginning edges that begin then
 * @param added stages that the chain has not, in the order of the spec
 * @param removed stages that the spec has not
 */
record ShapeChange(
    List<Edge> ending,
    List<Edge> abandoned,
    List<Beginning> beginning,
    List<String> added,
    List<String> removed) {

  /**
   * An edge that begins.
   *
   * @param onNewQueue whether the queue's stage is new too, so that nothing is in it
   * @param replaces the edge that ends for it on the same queue, whose reader decides all that the
   *     queue has; null if none ends there
   */
  record Beginning(String queue, String reader, boolean onNewQueue, @Nullable Edge replaces) {}

  /**
   * What has to be done.
   *
   * @param given stages that are given up, if they are removed; those behind them are with them
   */
  static ShapeChange of(Edges now, ChainSpec wanted, Set<String> given) {
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
    Set<String> removed = new LinkedHashSet<>(present);
    removed.removeAll(names);
    Set<String> left = new LinkedHashSet<>();
    removed.stream()
        .filter(s -> given.contains(PrivateName.parse(s).map(PrivateName::graft).orElse(s)))
        .forEach(s -> left.addAll(below(now, s)));
    addFeeders(now, removed, left);
    List<Edge> gone =
        now.lasting().stream()
            .filter(e -> !joined(wanted, e.queue(), e.reader()))
            .sorted(Comparator.comparingInt(e -> depth(now, e)))
            .toList();
    List<Edge> ending = gone.stream().filter(e -> !left.contains(e.reader())).toList();
    List<Beginning> beginning = new ArrayList<>();
    for (StageSpec stage : wanted.stages()) {
      String from = stage.from();
      if (from != null && now.of(stage.name()).filter(e -> e.queue().equals(from)).isEmpty()) {
        boolean beside =
            gone.stream().anyMatch(e -> e.queue().equals(from) && left.contains(e.reader()));
        Edge replaced = replaced(now, wanted, ending, from, stage.name(), beside);
        beginning.add(new Beginning(from, stage.name(), !present.contains(from), replaced));
      }
    }
    return new ShapeChange(
        ending,
        gone.stream().filter(e -> left.contains(e.reader())).toList(),
        List.copyOf(beginning),
        names.stream().filter(n -> !present.contains(n)).toList(),
        List.copyOf(removed));
  }

  /**
   * The edge that another takes the queue over from: the one that led to the same stages, else any
   * that ends there. Beside a reader that drains the queue nobody else may see what is in it: a
   * load in place of another would load the same records again.
   *
   * @param beside whether an edge is abandoned there, so that what leads to others may stand in for
   *     that one: then it begins as a branch
   */
  private static @Nullable Edge replaced(
      Edges now, ChainSpec wanted, List<Edge> ending, String queue, String reader, boolean beside) {
    List<Edge> ended = ending.stream().filter(e -> e.queue().equals(queue)).toList();
    return ended.stream()
        .filter(e -> overlap(below(now, e.reader()), below(wanted, reader)))
        .findFirst()
        .orElse(ended.isEmpty() || beside ? null : ended.getFirst());
  }

  /** What feeds nobody but stages that are given up is drained for nobody. */
  private static void addFeeders(Edges now, Set<String> removed, Set<String> left) {
    boolean more = !left.isEmpty();
    while (more) {
      more = false;
      for (String stage : removed) {
        List<String> readers =
            now.lasting().stream().filter(e -> e.queue().equals(stage)).map(Edge::reader).toList();
        if (!readers.isEmpty() && left.containsAll(readers)) {
          more |= left.add(stage);
        }
      }
    }
  }

  /**
   * Queues of which it is not plain what a new reader stands in for: one edge there is drained with
   * no successor that leads to the same stages, and another is abandoned.
   */
  List<String> ambiguous() {
    return abandoned.stream()
        .map(Edge::queue)
        .distinct()
        .filter(q -> beginning.stream().anyMatch(b -> b.queue().equals(q) && b.replaces() == null))
        .filter(
            q ->
                ending.stream()
                    .filter(e -> e.queue().equals(q))
                    .anyMatch(e -> beginning.stream().noneMatch(b -> e.equals(b.replaces()))))
        .toList();
  }

  boolean none() {
    return ending.isEmpty() && abandoned.isEmpty() && beginning.isEmpty();
  }

  /** All edges that end. */
  List<Edge> ended() {
    return Stream.concat(ending.stream(), abandoned.stream()).toList();
  }

  /** Whether a stage goes, and what it has left is given up. */
  boolean abandons(String stage) {
    return removed.contains(stage) && abandoned.stream().anyMatch(e -> e.reader().equals(stage));
  }

  /** Whether a stage that goes could be abandoned: nothing that it feeds stays. */
  boolean mayAbandon(Edges now, String stage) {
    return removed.containsAll(below(now, stage));
  }

  /** Stages behind one that is abandoned that stay: what they are owed would be missing. */
  List<String> deserted() {
    return abandoned.stream().map(Edge::reader).filter(s -> !removed.contains(s)).toList();
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
