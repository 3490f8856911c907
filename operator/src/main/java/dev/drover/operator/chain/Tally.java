package dev.drover.operator.chain;

import dev.drover.wire.batch.BatchId;
import dev.drover.wire.batch.Origin;
import dev.drover.wire.decision.Decision;
import dev.drover.wire.edges.Edge;
import dev.drover.wire.edges.Edges;
import java.time.Instant;
import java.util.HashMap;
import java.util.Map;
import java.util.NavigableMap;
import java.util.NavigableSet;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * The sum of a chain's decisions, per stage and per stage and table. Each decision counts once,
 * however often it is shown. Confined to one thread at a time.
 */
final class Tally {
  private record TableKey(String stage, String tableHash) {}

  /** The sums at one moment. */
  private record View(Map<String, StageTally> stages, Map<TableKey, StageTally> tables) {
    /** Of a stage's decisions, those about one table; all if it is null. */
    StageTally of(String stage, @Nullable String tableHash) {
      return tableHash == null
          ? stages.getOrDefault(stage, StageTally.ZERO)
          : tables.getOrDefault(new TableKey(stage, tableHash), StageTally.ZERO);
    }
  }

  /** What a queue has handed on. */
  private record Passed(long batches, long records) {}

  private final Map<String, StageTally> stages = new HashMap<>();
  private final Map<TableKey, StageTally> tables = new HashMap<>();

  /** The sums when an edge began, by that sequence; what is to come is marked when it does. */
  private final NavigableMap<Long, View> marks = new TreeMap<>();

  private final NavigableSet<Long> marksToCome = new TreeSet<>();
  private Edges edges = Edges.NONE;
  private long sequence;
  private @Nullable Instant lastDecision;

  /**
   * Adds a decision, unless it was added before.
   *
   * @param sequence its place in the stream of decisions; they are shown in that order
   * @param at when it was written
   */
  void add(long sequence, String stage, BatchId batch, Decision.Summary summary, Instant at) {
    if (sequence <= this.sequence) {
      return;
    }
    passMarks(sequence);
    this.sequence = sequence;
    lastDecision = at;
    if (summary.origin() == Origin.source) {
      return; // the checkpoints count it
    }
    stages.merge(stage, StageTally.ZERO.plus(summary), (sum, one) -> sum.plus(summary));
    if (!batch.tableHash().isEmpty()) {
      tables.merge(
          new TableKey(stage, batch.tableHash()),
          StageTally.ZERO.plus(summary),
          (sum, one) -> sum.plus(summary));
    }
  }

  /** Passes over a message that is no decision. */
  void skip(long sequence) {
    passMarks(sequence);
    this.sequence = Math.max(this.sequence, sequence);
  }

  private void passMarks(long upTo) {
    while (!marksToCome.isEmpty() && marksToCome.first() < upTo) {
      marks.put(marksToCome.removeFirst(), now());
    }
  }

  private View now() {
    return new View(Map.copyOf(stages), Map.copyOf(tables));
  }

  private View at(long sequence) {
    if (sequence == 0) {
      return new View(Map.of(), Map.of());
    }
    View marked = marks.get(sequence);
    return marked == null ? new View(stages, tables) : marked;
  }

  /**
   * Takes note of how the stages are joined.
   *
   * @return false if what was summed up when one of the edges began is not known any more: then the
   *     decisions have to be shown to another tally, from the first
   */
  boolean join(Edges edges) {
    this.edges = edges;
    for (Edge edge : edges.edges()) {
      if (edge.since() > 0 && !marks.containsKey(edge.since())) {
        if (edge.since() < sequence) {
          return false;
        }
        marksToCome.add(edge.since());
      }
    }
    return true;
  }

  /**
   * How many batches a stage is promised: those that it got on its way before, and those that the
   * stage it reads now has put out, without what had passed before it joined that one's queue.
   *
   * @param parts what the stage that it reads has put out
   */
  long promised(String reader, long parts) {
    return promised(reader, null, parts);
  }

  /** The same of one table. */
  long promised(String reader, @Nullable String tableHash, long parts) {
    return edges
        .of(reader)
        .map(
            e ->
                at(e.since()).of(reader, tableHash).decidedBatches()
                    + parts
                    - passedBefore(e, tableHash).batches())
        .orElse(parts);
  }

  /**
   * The same in records.
   *
   * @param passed what the stage that it reads has handed on
   */
  long handedTo(String reader, long passed) {
    return edges
        .of(reader)
        .map(
            e ->
                at(e.since()).of(reader, null).queue().in()
                    + passed
                    - passedBefore(e, null).records())
        .orElse(passed);
  }

  /** How many records had passed before a stage joined the queue that it reads. */
  long passedBefore(String reader) {
    return edges.of(reader).map(e -> passedBefore(e, null).records()).orElse(0L);
  }

  /** What {@link Edges#passedBefore} is true of, summed up. */
  private Passed passedBefore(Edge edge, @Nullable String tableHash) {
    Edge peer = edges.peerOf(edge).orElse(null);
    if (peer == null) {
      return new Passed(0, 0);
    }
    StageTally then = at(edge.since()).of(peer.reader(), tableHash);
    StageTally first = at(peer.since()).of(peer.reader(), tableHash);
    Passed earlier = passedBefore(peer, tableHash);
    long batches = earlier.batches() + then.decidedBatches() - first.decidedBatches();
    long records = earlier.records() + then.queue().in() - first.queue().in();
    for (Map.Entry<String, Long> held : edge.held().entrySet()) {
      if (tableHash == null || new BatchId(held.getKey()).tableHash().equals(tableHash)) {
        batches--;
        records -= held.getValue();
      }
    }
    return new Passed(batches, records);
  }

  StageTally stage(String stage) {
    return stages.getOrDefault(stage, StageTally.ZERO);
  }

  /** Of a stage's decisions, those about batches of one table. */
  StageTally table(String stage, String tableHash) {
    return tables.getOrDefault(new TableKey(stage, tableHash), StageTally.ZERO);
  }

  /** The last sequence that counts here; 0 before the first. */
  long sequence() {
    return sequence;
  }

  @Nullable Instant lastDecision() {
    return lastDecision;
  }
}
