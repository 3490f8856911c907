package dev.drover.wire.state;

import com.fasterxml.jackson.annotation.JsonIgnore;
import dev.drover.wire.names.SplitId;
import dev.drover.wire.plan.KeyRange;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * How far a split has been read. Every write is a compare-and-set, so whoever lost the split cannot
 * write; the counts here are the extract stage's decisions. Immutable.
 *
 * @param epoch raised by each claim; 0 for a split that was cut off another and not claimed yet
 * @param owner the pod that claimed it last
 * @param range the split's keys; its end is frozen by the first claim, and lowered when splits are
 *     cut off
 * @param nextOrdinal ordinal of the next batch
 * @param readUpTo key of the last record whose batch has an ordinal; null before the first
 * @param open batches whose range is fixed but whose publication is not yet known to be done
 * @param done whether every record was read and published
 * @param records records read, of closed batches
 * @param failed of these, records too large for a message
 * @param batches messages published, of closed batches: what the next stages are promised
 * @param cuts how many splits were cut off this one so far; their names follow from it, see {@link
 *     SplitId#cutOff}
 * @param cutOff ranges of those of them whose own checkpoints may not be there yet: the last ones,
 *     in order. Whoever holds the split makes these before it writes anything else here
 */
public record SplitCheckpoint(
    int epoch,
    String owner,
    KeyRange range,
    long nextOrdinal,
    @Nullable List<String> readUpTo,
    List<OpenBatch> open,
    boolean done,
    long records,
    long failed,
    long batches,
    int cuts,
    List<KeyRange> cutOff) {
  @SuppressWarnings("NullAway") // a checkpoint written before splits were cut off lacks them
  public SplitCheckpoint {
    readUpTo = readUpTo == null ? null : List.copyOf(readUpTo);
    open = List.copyOf(open);
    cutOff = cutOff == null ? List.of() : List.copyOf(cutOff);
  }

  /** Of a split that nothing was cut off. */
  public SplitCheckpoint(
      int epoch,
      String owner,
      KeyRange range,
      long nextOrdinal,
      @Nullable List<String> readUpTo,
      List<OpenBatch> open,
      boolean done,
      long records,
      long failed,
      long batches) {
    this(
        epoch,
        owner,
        range,
        nextOrdinal,
        readUpTo,
        open,
        done,
        records,
        failed,
        batches,
        0,
        List.of());
  }

  /** A split that nobody has read from. */
  public static SplitCheckpoint claimed(String owner, KeyRange frozen) {
    return new SplitCheckpoint(1, owner, frozen, 0, null, List.of(), false, 0, 0, 0);
  }

  /** A split that was cut off another, and that nobody has claimed. */
  public static SplitCheckpoint unclaimed(KeyRange range) {
    return new SplitCheckpoint(0, "", range, 0, null, List.of(), false, 0, 0, 0);
  }

  /** A table without rows, read to its end at once. */
  public static SplitCheckpoint empty(String owner, KeyRange range) {
    return new SplitCheckpoint(1, owner, range, 0, null, List.of(), true, 0, 0, 0);
  }

  /** This split, claimed once more. */
  public SplitCheckpoint claimedBy(String pod) {
    return new SplitCheckpoint(
        epoch + 1,
        pod,
        range,
        nextOrdinal,
        readUpTo,
        open,
        done,
        records,
        failed,
        batches,
        cuts,
        cutOff);
  }

  /**
   * This split without its end.
   *
   * @param pieces adjacent ranges at the end of what is not read yet, in order: a split each
   * @throws IllegalStateException if earlier ones may have no checkpoints yet
   */
  public SplitCheckpoint without(List<KeyRange> pieces) {
    if (!cutOff.isEmpty()) {
      throw new IllegalStateException("splits that were cut off have no checkpoints yet");
    }
    return new SplitCheckpoint(
        epoch,
        owner,
        new KeyRange(range.after(), pieces.getFirst().after()),
        nextOrdinal,
        readUpTo,
        open,
        done,
        records,
        failed,
        batches,
        cuts + pieces.size(),
        pieces);
  }

  /** About how many records were read: those of closed batches, and what open ones gave last. */
  @JsonIgnore
  public long recordsRead() {
    return records + open.stream().mapToLong(b -> b.latest().records()).sum();
  }

  /**
   * A batch under way.
   *
   * @param ordinal its number in the split
   * @param range its keys: closed, so reading it again gives the same keys
   * @param takes what each reading of the range gave; the last one is the latest
   * @param restOf batches which had this range as well, and may have set records of it aside: those
   *     count with them
   */
  public record OpenBatch(long ordinal, KeyRange range, List<Take> takes, List<Long> restOf) {
    @SuppressWarnings("NullAway") // a checkpoint written before rests told of it lacks them
    public OpenBatch {
      takes = List.copyOf(takes);
      restOf = restOf == null ? List.of() : List.copyOf(restOf);
    }

    /** A batch whose range no other had before. */
    public OpenBatch(long ordinal, KeyRange range, List<Take> takes) {
      this(ordinal, range, takes, List.of());
    }

    /** Whether a reading of it may have set records aside. */
    @JsonIgnore
    public boolean mayHaveSetAside() {
      return takes.stream().anyMatch(t -> t.failed() > 0);
    }

    /** What of its range its takes do not cover: a batch that nobody has read yet. */
    public OpenBatch rest(long ordinal, KeyRange rest) {
      List<Long> of = new ArrayList<>(restOf);
      if (mayHaveSetAside()) {
        of.add(this.ordinal);
      }
      return new OpenBatch(ordinal, rest, List.of(Take.NONE), of);
    }

    /** The latest reading. */
    public Take latest() {
      return takes.getLast();
    }

    /**
     * A reading by its number.
     *
     * @throws IllegalStateException if the checkpoint knows of no such reading
     */
    public Take take(int number) {
      return takes.stream()
          .filter(t -> t.number() == number)
          .findFirst()
          .orElseThrow(
              () ->
                  new IllegalStateException(
                      "batch " + ordinal + " has no take " + number + " in its checkpoint"));
    }

    /** This batch, read once more. */
    public OpenBatch with(Take another) {
      List<Take> more = new ArrayList<>(takes);
      more.add(another);
      return new OpenBatch(ordinal, range, more, restOf);
    }
  }

  /**
   * One reading of a batch's range.
   *
   * @param number from 1; 0 for a range that nobody has read yet
   * @param records records read
   * @param failed of these, records that no message can hold
   * @param upTo the last key that it covers if its range has more than a message can hold by now;
   *     null if it covers its range
   */
  public record Take(int number, int records, int failed, @Nullable List<String> upTo) {
    /** What stands for a range that nobody has read yet. */
    public static final Take NONE = new Take(0, 0, 0);

    public Take {
      upTo = upTo == null ? null : List.copyOf(upTo);
    }

    /** A reading that covers its range. */
    public Take(int number, int records, int failed) {
      this(number, records, failed, null);
    }

    /**
     * Whether it is published. A later take always is, even if nothing is left in its range: an
     * earlier one that a stalled worker publishes after it then finds the batch decided.
     */
    @JsonIgnore
    public boolean hasMessage() {
      return number > 1 || records > failed;
    }
  }
}
