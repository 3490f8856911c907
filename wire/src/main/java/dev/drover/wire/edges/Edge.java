package dev.drover.wire.edges;

import com.fasterxml.jackson.annotation.JsonIgnore;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * That a stage reads the queue of another, or did. Immutable.
 *
 * <p>One that began while records moved does not see what had left the queue by then. What that is
 * follows from the edge beside or before it, its peer: the batches that the peer's reader had
 * decided up to {@code since}, but for those that were still in the queue, and what the peer itself
 * never saw. So it is known of each batch for good, whoever asks, and however late a second copy of
 * it comes.
 *
 * @param queue the stage whose queue it is
 * @param reader the stage that reads
 * @param since last sequence of the decisions when it began; 0 from the chain's start on
 * @param until the same when it ended; null while it lasts
 * @param peer index in {@link Edges} of the edge that says what had passed before this one began;
 *     null if nothing had
 * @param held batches that the peer's reader had decided by then and that were still in the queue,
 *     with their records
 */
public record Edge(
    String queue,
    String reader,
    long since,
    @Nullable Long until,
    @Nullable Integer peer,
    Map<String, Long> held) {
  @SuppressWarnings("NullAway") // what is empty is not written
  public Edge {
    held = held == null ? Map.of() : Map.copyOf(held);
  }

  /** An edge of a chain that has not moved anything yet. */
  public static Edge original(String queue, String reader) {
    return new Edge(queue, reader, 0, null, null, Map.of());
  }

  /** Whether it lasts. */
  @JsonIgnore
  public boolean lasts() {
    return until == null;
  }

  /** Whether it joins these two. */
  public boolean joins(String queue, String reader) {
    return this.queue.equals(queue) && this.reader.equals(reader);
  }

  /** This edge, ended. */
  Edge endedAt(long sequence) {
    return new Edge(queue, reader, since, sequence, peer, held);
  }
}
