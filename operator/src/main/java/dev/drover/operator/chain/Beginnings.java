package dev.drover.operator.chain;

import dev.drover.operator.chain.ShapeChange.Beginning;
import dev.drover.wire.decision.Decision;
import dev.drover.wire.edges.Edge;
import dev.drover.wire.edges.Edges;
import dev.drover.wire.names.ChainNames;
import io.nats.client.api.MessageGetRequest;
import io.nats.client.api.MessageInfo;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/** Finds out of an edge that begins what had passed before it. */
final class Beginnings {
  private final NatsLink link;
  private final ChainNames names;

  Beginnings(NatsLink link, ChainNames names) {
    this.link = link;
    this.names = names;
  }

  /**
   * The edge, to be written down.
   *
   * @param sequence a sequence of the decisions up to which all are known, read after the edge's
   *     consumer was made
   */
  Edge begin(Edges now, Beginning b, long sequence) {
    if (b.onNewQueue()) {
      return new Edge(b.queue(), b.reader(), sequence, null, null, Map.of());
    }
    if (b.replaces() != null) {
      int peer = now.edges().indexOf(b.replaces());
      return new Edge(b.queue(), b.reader(), sequence, null, peer, Map.of());
    }
    return branch(now, b, sequence);
  }

  /**
   * One more reader of a queue that goes on. Its consumer is there, and no worker of it, so nothing
   * leaves the queue any more: what is in it now it will see.
   */
  private Edge branch(Edges now, Beginning b, long sequence) {
    String all = names.allOf("q", b.queue());
    Set<String> inQueue =
        link
            .totals("list the queue of " + b.queue(), names.queueStream(b.queue()), all)
            .keySet()
            .stream()
            .map(subject -> subject.substring(all.length() - 1))
            .collect(Collectors.toSet());
    Edge best = null;
    Map<String, Long> fewest = Map.of();
    for (Edge peer : now.lasting()) {
      if (peer.queue().equals(b.queue())) {
        Map<String, Long> held = decided(peer.reader(), inQueue, sequence);
        if (best == null || held.size() < fewest.size()) {
          best = peer;
          fewest = held;
        }
      }
    }
    Integer peer = best == null ? null : now.edges().indexOf(best);
    return new Edge(b.queue(), b.reader(), sequence, null, peer, fewest);
  }

  /** Which of some batches a stage had decided by a sequence, and of how many records. */
  private Map<String, Long> decided(String stage, Set<String> batches, long upTo) {
    String all = names.allOf("decisions", stage);
    Set<String> subjects =
        link.totals("list the decisions of " + stage, names.decisionsStream(), all).keySet();
    Map<String, Long> decided = new HashMap<>();
    for (String batch : batches) {
      String subject = names.decisionSubject(stage, batch);
      if (subjects.contains(subject)) {
        link.message(
                "read a decision of " + stage,
                names.decisionsStream(),
                MessageGetRequest.lastForSubject(subject))
            .filter(m -> m.getSeq() <= upTo)
            .ifPresent(m -> decided.put(batch, records(m)));
      }
    }
    return decided;
  }

  private static long records(MessageInfo decision) {
    return Decision.Summary.parse(decision.getHeaders()).counts().in();
  }
}
