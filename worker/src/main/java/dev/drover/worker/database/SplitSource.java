package dev.drover.worker.database;

import dev.drover.wire.batch.RowWriter;
import dev.drover.wire.plan.KeyRange;
import dev.drover.wire.plan.TablePlan;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A database to read splits from. Used by one thread. */
public interface SplitSource extends AutoCloseable {
  /**
   * The greatest key of a table now, or null when it has no rows.
   *
   * @throws SystemFailure if the database does not answer or refuses
   */
  @Nullable List<String> greatestKey(TablePlan table) throws SystemFailure;

  /**
   * Reads a range in key order.
   *
   * @throws SystemFailure if the database does not answer or refuses
   */
  Rows read(TablePlan table, KeyRange range) throws SystemFailure;

  /**
   * Pieces that the end of a range can do without, in key order, so that others read them; none if
   * it is not worth it. Rows that are being read must be released.
   *
   * @param readUpTo the key of the last row that was read
   * @param read how many rows that were
   * @param records how many a piece is to have
   * @throws SystemFailure if the database does not answer or refuses
   */
  List<KeyRange> tail(
      TablePlan table, KeyRange range, List<String> readUpTo, long read, long records)
      throws SystemFailure;

  /** Called while no rows are being read, and none will be for a while. */
  default void pause() {
    // As idle().
  }

  /** Called now and then while there is nothing to read. */
  default void idle() {
    // Who has nothing that others could use in the meantime keeps it.
  }

  @Override
  void close();

  /**
   * Why a row cannot be had.
   *
   * @param code CamelCase word for the failure's cause
   * @param message a sentence for people
   */
  record Unreadable(String code, String message) {
    /**
     * A record that no message can hold.
     *
     * @param bytes how many it has, for people
     * @param most how many a message holds
     */
    public static Unreadable tooLarge(String bytes, int most) {
      return new Unreadable(
          "RecordTooLarge",
          "the record has %s bytes, a message holds %d: raise NATS' max_payload and send it again with startAt: Source, or move it by hand by its key and waive it"
              .formatted(bytes, most));
    }
  }

  /** Rows as they come, without more than a few in memory. Used by one thread. */
  interface Rows extends AutoCloseable {
    /**
     * Moves to the next row; false at the end.
     *
     * @throws SystemFailure if the database goes away or refuses
     */
    boolean advance() throws SystemFailure;

    /**
     * Why the row's values cannot be had, which no other attempt will change; null if they can. Its
     * key is known in either case.
     */
    @Nullable Unreadable unreadable();

    /**
     * Appends the row, unless its values cannot be had.
     *
     * @param position its position in its batch
     * @return the bytes it took
     * @throws RowWriter.NullInRequiredColumnException if a column that is declared not null has no
     *     value; nothing is appended
     */
    int appendTo(RowWriter writer, int position);

    /** The row's key as one text. */
    String key();

    /** The row's key, a text per column; at the end still that of the last row. */
    List<String> keyParts();

    /** The key of the row before this one, a text per column; not for the first row. */
    List<String> keyPartsBefore();

    /**
     * Lets go of what the source holds for this reader, such as a snapshot; the next {@link
     * #advance} takes it up again behind the last row, which stays at hand.
     */
    default void release() throws SystemFailure {
      // Rows that hold nothing at a source have nothing to let go of.
    }

    /** Stops reading, wherever it is. */
    @Override
    void close();
  }
}
