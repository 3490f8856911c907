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
 * @param sourceRevision chain revision by which each record's row is read at the source anew and
 *     brought to its stage; null sends records as they failed
 * @param withdrawn claim nothing more, and bring to its end what was claimed: the resource is gone
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
    boolean suspend,
    @Nullable String sourceRevision,
    boolean withdrawn) {
  public RedriveOrder {
    ramp = List.copyOf(ramp);
  }

  /** An order that sends records as they failed. */
  public RedriveOrder(
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
    this(
        by,
        selector,
        action,
        change,
        ratePerSecond,
        ramp,
        stopCount,
        stopPercent,
        dryRun,
        suspend,
        null,
        false);
  }

  /** This order, from the source on. */
  public RedriveOrder fromSource(String revision) {
    return with(revision, withdrawn);
  }

  /** This order, when its resource is gone. */
  public RedriveOrder asWithdrawn() {
    return with(sourceRevision, true);
  }

  private RedriveOrder with(@Nullable String revision, boolean isWithdrawn) {
    return new RedriveOrder(
        by,
        selector,
        action,
        change,
        ratePerSecond,
        ramp,
        stopCount,
        stopPercent,
        dryRun,
        suspend,
        revision,
        isWithdrawn);
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
