package dev.drover.worker.database;

import dev.drover.wire.plan.TablePlan;
import java.util.Collection;
import java.util.Map;

/** A database to read single rows from again, by their keys. Used by one thread. */
public interface KeyedSource extends AutoCloseable {
  /** What there is of a key. */
  sealed interface Found {
    /**
     * The row.
     *
     * @param row it, in the encoding of the table's schema
     */
    record Read(byte[] row) implements Found {}

    /** A row that holds a value which cannot be carried, or lacks one that must be there. */
    record Unreadable() implements Found {}

    /** A row of more bytes than were asked for. */
    record TooLarge() implements Found {}

    /** No row has the key. */
    record Gone() implements Found {}
  }

  /**
   * The rows of some keys, as they are now.
   *
   * @param table as planned, with a key
   * @param keys each in the form of {@link dev.drover.wire.batch.Row#key}
   * @param most the most bytes of a row
   * @return what there is of each
   * @throws SystemFailure if the source fails; not for what a row holds
   */
  Map<String, Found> read(TablePlan table, Collection<String> keys, int most) throws SystemFailure;

  /** Called while nothing is read: gives up what others wait for. */
  void idle();

  /** Gives its session up; the next read opens another. */
  @Override
  void close();
}
