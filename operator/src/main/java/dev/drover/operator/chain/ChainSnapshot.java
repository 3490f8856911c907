package dev.drover.operator.chain;

import dev.drover.wire.budget.Breach;
import dev.drover.wire.decision.Counts;
import dev.drover.wire.failure.FailedMessage;
import dev.drover.wire.schema.RecordSchema;
import dev.drover.wire.state.CapAdvisory;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * How a chain stands at one moment, derived from NATS alone. Immutable.
 *
 * @param stages each stage, in the order of the spec
 * @param splitsTotal splits that the plan has, and those that were cut off them
 * @param splitsDone splits that are read to their end
 * @param complete whether every record was read and decided, nothing is queued, retried or waiting,
 *     and every target is finished
 * @param balance how the tally adds up
 * @param failures open failures by cause
 * @param firstDispatch when the first split was dispatched; null before
 * @param lastDecision when the last decision was written; null before the first
 * @param advisories how far the caps of connections can be relied upon, where anything is known
 */
public record ChainSnapshot(
    List<StageSnapshot> stages,
    int splitsTotal,
    int splitsDone,
    boolean complete,
    Balance balance,
    Failures failures,
    @Nullable Instant firstDispatch,
    @Nullable Instant lastDecision,
    Map<String, CapAdvisory> advisories) {
  /** Reason of the stall of an extract whose snapshot of the source is gone, for good. */
  public static final String SNAPSHOT_LOST = "SnapshotLost";

  public ChainSnapshot {
    stages = List.copyOf(stages);
    advisories = Map.copyOf(advisories);
  }

  /** One of a chain whose caps all hold. */
  public ChainSnapshot(
      List<StageSnapshot> stages,
      int splitsTotal,
      int splitsDone,
      boolean complete,
      Balance balance,
      Failures failures,
      @Nullable Instant firstDispatch,
      @Nullable Instant lastDecision) {
    this(
        stages,
        splitsTotal,
        splitsDone,
        complete,
        balance,
        failures,
        firstDispatch,
        lastDecision,
        Map.of());
  }

  /**
   * One stage.
   *
   * @param name the stage
   * @param counts its tally: in = passed + filtered + failed + waiting + waived, failed and waiting
   *     being those that are so now; for an extract, in is what was read
   * @param backlogMessages messages in its queue, its retries and its waiting room that are not
   *     acknowledged, those being worked on included; for an extract, splits
   * @param backlogRecords about how many records that is
   * @param inFlightMessages of the backlog, those being worked on
   * @param flow what scaling wants to know of it; null when a queue of it is not there
   * @param done whether it has decided everything that it was promised and will get no more, and
   *     has finished its target
   * @param stall why it does not move on; null when it does
   * @param finishing whether it has decided everything and still owes its target indexes, foreign
   *     keys, sequences or statistics
   * @param breach how its error budget was exceeded, for which it is paused; null if it is not
   */
  public record StageSnapshot(
      String name,
      Counts counts,
      long backlogMessages,
      long backlogRecords,
      long inFlightMessages,
      @Nullable Flow flow,
      boolean done,
      @Nullable StallReason stall,
      boolean finishing,
      @Nullable Breach breach) {}

  /**
   * What passes through a stage.
   *
   * @param redeliveredMessages of its messages in flight, those that were delivered before
   * @param arrivedRecords records that the stage before ever handed on; 0 for an extract
   * @param completedRecords records that it ever decided, those sent again counted again
   * @param outputPercent how full its own queue is, of its most bytes; 0 for a load
   * @param batchRecords about how many records a message of its queue has; 0 while that is not
   *     known, and for an extract
   * @param hindered what its workers tell of that keeps something waiting
   */
  public record Flow(
      long redeliveredMessages,
      long arrivedRecords,
      long completedRecords,
      int outputPercent,
      long batchRecords,
      Hindered hindered) {}

  /** Whether a stage cannot read on because the snapshot of its source is gone. */
  public boolean snapshotLost(String stage) {
    return stages.stream()
        .filter(s -> s.name().equals(stage))
        .anyMatch(s -> s.stall() != null && s.stall().reason().equals(SNAPSHOT_LOST));
  }

  /** Why a stage does not move on: a CamelCase reason and a message for people. */
  public record StallReason(String reason, String message) {}

  /**
   * How the tally adds up.
   *
   * @param balanced whether each stage's counts add up and no stage got more or less than promised
   * @param reason CamelCase, such as {@code TallyBalanced}, {@code QueueLost}
   * @param message the sums, for people
   */
  public record Balance(boolean balanced, String reason, String message) {}

  /**
   * Open failures by cause, counted exactly.
   *
   * @param causes those of which there are most, most first
   * @param otherCauses how many causes are not among them
   * @param otherRecords how many open failures those have
   */
  public record Failures(List<FailureCount> causes, long otherCauses, long otherRecords) {
    /** No failures. */
    public static final Failures NONE = new Failures(List.of(), 0, 0);

    public Failures {
      causes = List.copyOf(causes);
    }
  }

  /**
   * Open failures of one cause.
   *
   * @param step where in the stage
   * @param subject the column, constraint or field concerned; empty if none is known
   * @param firstSeen when the oldest of them failed first, ISO-8601 instant
   * @param lastSeen when the newest failed, some seconds ago at most
   * @param sample the oldest, whole: what may be shown of it is for the reader to decide
   */
  public record FailureCount(
      String stage,
      String step,
      String code,
      String table,
      String subject,
      String fingerprint,
      long records,
      String firstSeen,
      String lastSeen,
      Sample sample) {}

  /** A failed record as the error queue has it, and its schema. */
  public record Sample(FailedMessage message, RecordSchema schema) {
    @Override
    public boolean equals(@Nullable Object o) {
      return o instanceof Sample other
          && message.detail().equals(other.message.detail())
          && Arrays.equals(message.row(), other.message.row());
    }

    @Override
    public int hashCode() {
      return message.detail().hashCode();
    }

    /** Without the record's values. */
    @Override
    public String toString() {
      return "Sample[" + message.detail().fingerprint() + "]";
    }
  }
}
