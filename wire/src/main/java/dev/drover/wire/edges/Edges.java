package dev.drover.wire.edges;

import com.fasterxml.jackson.annotation.JsonIgnore;
import dev.drover.wire.plan.ChainSpec;
import dev.drover.wire.plan.StageSpec;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;

/**
 * All edges that a chain has and had: the operator writes them into the state bucket, under {@value
 * #KEY}, by compare-and-set. An edge's index never changes. Immutable.
 *
 * @param revision the chain revision that was last joined so
 * @param edges in the order in which they began
 */
public record Edges(String revision, List<Edge> edges) {
  /** Their key in the state bucket. */
  public static final String KEY = "edges";

  /** Of a chain of which nothing is written down. */
  public static final Edges NONE = new Edges("", List.of());

  public Edges {
    edges = List.copyOf(edges);
  }

  /** Those of a chain that has not moved anything yet. */
  public static Edges original(String revision, ChainSpec spec) {
    List<Edge> edges = new ArrayList<>();
    for (StageSpec stage : spec.stages()) {
      if (stage.from() != null) {
        edges.add(Edge.original(stage.from(), stage.name()));
      }
    }
    return new Edges(revision, edges);
  }

  /** The edge by which a stage reads now. */
  public Optional<Edge> of(String reader) {
    return lasting().stream().filter(e -> e.reader().equals(reader)).findFirst();
  }

  /** Those that last. */
  @JsonIgnore
  public List<Edge> lasting() {
    return edges.stream().filter(Edge::lasts).toList();
  }

  /** Whether a stage reads a queue now. */
  public boolean join(String queue, String reader) {
    return lasting().stream().anyMatch(e -> e.joins(queue, reader));
  }

  /** Every stage that ever read a queue. */
  public Set<String> readersEver(String queue) {
    Set<String> readers = new LinkedHashSet<>();
    edges.stream().filter(e -> e.queue().equals(queue)).forEach(e -> readers.add(e.reader()));
    return readers;
  }

  /** Every stage that ever was part of the chain. */
  @JsonIgnore
  public Set<String> stagesEver() {
    Set<String> stages = new LinkedHashSet<>();
    edges.forEach(
        e -> {
          stages.add(e.queue());
          stages.add(e.reader());
        });
    return stages;
  }

  /** The peer of an edge, if it has one. */
  public Optional<Edge> peerOf(Edge edge) {
    return Optional.ofNullable(edge.peer()).map(edges::get);
  }

  /**
   * These edges after an edit.
   *
   * @param ended those that end
   * @param begun those that begin
   * @param sequence last sequence of the decisions
   */
  public Edges after(
      String revision, Collection<Edge> ended, Collection<Edge> begun, long sequence) {
    List<Edge> next = new ArrayList<>();
    edges.forEach(e -> next.add(ended.contains(e) ? e.endedAt(sequence) : e));
    next.addAll(begun);
    return new Edges(revision, next);
  }

  /** Where a stage's decision about a batch is in the stream of decisions. */
  @FunctionalInterface
  public interface Decisions {
    /** The decision's sequence; empty if there is none. */
    Optional<Long> of(String stage, String batch) throws InterruptedException;
  }

  /** Whether a batch had passed before an edge began: then its reader leaves it alone. */
  public boolean passedBefore(Edge edge, String batch, Decisions decisions)
      throws InterruptedException {
    Edge peer = peerOf(edge).orElse(null);
    if (peer == null) {
      return false;
    }
    Optional<Long> decided =
        edge.held().containsKey(batch) ? Optional.empty() : decisions.of(peer.reader(), batch);
    return decided.filter(at -> at <= edge.since()).isPresent()
        || passedBefore(peer, batch, decisions);
  }

  /** Whether the edges that last are those of a spec. */
  public boolean areOf(ChainSpec spec) {
    Set<List<String>> mine = new LinkedHashSet<>();
    lasting().forEach(e -> mine.add(List.of(e.queue(), e.reader())));
    Set<List<String>> wanted = new LinkedHashSet<>();
    spec.stages().stream()
        .filter(s -> s.from() != null)
        .forEach(s -> wanted.add(List.of(Objects.requireNonNull(s.from()), s.name())));
    return mine.equals(wanted);
  }
}
