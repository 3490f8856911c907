package dev.drover.wire.replay;

import com.fasterxml.jackson.annotation.JsonIgnore;
import dev.drover.wire.batch.BatchId;
import dev.drover.wire.failure.QueuedFailure;
import java.util.BitSet;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * What was asked for some failed records, written before it is done. A record is in at most one
 * entry, ever, and the entry holds all that is needed to do it again after a crash. Its records go
 * as one batch, named after the first of them, in the order of their sequences.
 *
 * @param action replay or waiver
 * @param stage the stage that refused them
 * @param block the {@link JournalBlock} that all of them are in
 * @param records which of the block's, as a bitmap in base64
 * @param claimed those of the block in this entry and all before it, likewise
 * @param change what to change first
 * @param by who asked
 * @param at ISO-8601 instant
 * @param renewed key in the state bucket of what is sent, if that was made from the source's rows
 *     ({@link RenewedRows}); null if it follows from the error queue and the change
 * @param setAside the batches that the records failed in, and which of each: what they are told
 *     apart by in it ({@link QueuedFailure#record}). So who has to know whether a record was ever
 *     in the error queue knows it also when it has left. Null in an entry written before this was
 *     noted, and in one of a record whose message was lost
 */
public record JournalEntry(
    Action action,
    String stage,
    long block,
    String records,
    String claimed,
    Change change,
    By by,
    String at,
    @Nullable String renewed,
    @Nullable Map<String, String> setAside) {

  public JournalEntry {
    setAside = setAside == null ? null : Map.copyOf(setAside);
  }

  /** What is done with failed records. */
  public enum Action {
    /** Sent to their stage again. */
    replay,
    /** Given up. */
    waive
  }

  /**
   * The resource that asked.
   *
   * @param kind FailedRecord or Redrive
   * @param generation its generation then
   * @param user who wrote that, as far as it is known; null if it is not
   * @param reason why, as the resource said; null if it did not
   */
  public record By(
      String kind,
      String name,
      String uid,
      long generation,
      @Nullable String user,
      @Nullable String reason) {
    /** A resource of which no more is known. */
    public By(String kind, String name, String uid, long generation) {
      this(kind, name, uid, generation, null, null);
    }
  }

  /**
   * Asks something of records of one block and stage.
   *
   * @param page the block as it is before
   */
  public static JournalEntry of(
      Action action,
      Collection<QueuedFailure> failures,
      Journal.Page page,
      Change change,
      By by,
      String at) {
    List<QueuedFailure> ordered =
        failures.stream().sorted(Comparator.comparingLong(QueuedFailure::sequence)).toList();
    BitSet records = JournalBlock.bits(ordered.stream().map(QueuedFailure::sequence).toList());
    BitSet claimed = page.claimed();
    claimed.or(records);
    return new JournalEntry(
        action,
        ordered.getFirst().detail().stage(),
        page.block(),
        JournalBlock.text(records),
        JournalBlock.text(claimed),
        change,
        by,
        at,
        null,
        ordered.stream()
            .collect(
                Collectors.groupingBy(
                    failure -> failure.detail().batch(),
                    TreeMap::new,
                    Collectors.mapping(
                        QueuedFailure::record,
                        Collectors.collectingAndThen(Collectors.toList(), BatchRecords::text)))));
  }

  /**
   * Gives up a record whose message is lost: nobody knows any more what it failed in.
   *
   * @param sequence its number in the error queue
   * @param page its block as it is before
   */
  public static JournalEntry ofLost(
      String stage, long sequence, Journal.Page page, By by, String at) {
    BitSet records = JournalBlock.bits(List.of(sequence));
    BitSet claimed = page.claimed();
    claimed.or(records);
    return new JournalEntry(
        Action.waive,
        stage,
        page.block(),
        JournalBlock.text(records),
        JournalBlock.text(claimed),
        Change.NONE,
        by,
        at,
        null,
        null);
  }

  /** This entry, of records that are sent as they were made from the source's rows. */
  public JournalEntry renewedBy(String key) {
    return new JournalEntry(action, stage, block, records, claimed, change, by, at, key, setAside);
  }

  /** Which of the records failed in a batch, by what they are told apart by in it. */
  public List<String> setAsideFrom(BatchId failedIn) {
    String records = setAside == null ? null : setAside.get(failedIn.text());
    return records == null ? List.of() : BatchRecords.parse(records);
  }

  /** The records' error sequences, ascending: their order in the batch. */
  @JsonIgnore
  public List<Long> sequences() {
    return JournalBlock.sequences(block, JournalBlock.parse(records));
  }

  /** The batch as which they are sent, or decided to be given up. */
  @JsonIgnore
  public BatchId batch() {
    return BatchId.replay(sequences().getFirst());
  }

  /** Whether a record is in this entry. */
  public boolean has(long sequence) {
    return JournalBlock.of(sequence) == block
        && JournalBlock.parse(records).get(JournalBlock.index(sequence));
  }

  /** Whether a record of the block is in this entry or in one before it. */
  boolean hasSeen(long sequence) {
    return JournalBlock.parse(claimed).get(JournalBlock.index(sequence));
  }
}
