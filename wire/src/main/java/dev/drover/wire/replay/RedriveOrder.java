package dev.drover.wire.replay;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a Redrive asks of its worker: the resource's spec, as the operator puts it into the state
 * bucket.
 *
 * @param by the resource
 * @param selector which failed records
 * @param action replay or waiver
 * @param change what to change before a replay
 * @param ratePerSecond the most records sent in a second; null for no bound
 * @param ramp how many records to send before waiting for what becomes of them, one after the
 *     other; then the rest
 * @param stopCount stop when so many have failed again; null for never
 * @param stopPercent stop when more than so many of a hundred have failed again; null for never
 * @param dryRun count and show, send nothing
 * @param suspend send nothing for now
 */
public record RedriveOrder(
    JournalEntry.By by,
    Selector selector,
    JournalEntry.Action action,
    Change change,
    @Nullable Integer ratePerSecond,
    List<Integer> ramp,
    @Nullable Integer stopCount,
    @Nullable Integer stopPercent,
    boolean dryRun,
    boolean suspend) {
  public RedriveOrder {
    ramp = List.copyOf(ramp);
  }

  /** The key of a Redrive's order in the state bucket, by its uid. */
  public static String key(String uid) {
    return "redrive." + uid + ".order";
  }

  /** Whether failures stop it. */
  public boolean stops(long failedAgain, long decided) {
    return (stopCount != null && failedAgain >= stopCount)
        || (stopPercent != null && failedAgain * 100 > stopPercent * decided);
  }
}
