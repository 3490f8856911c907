package dev.drover.worker.stage;

import dev.drover.wire.batch.BatchHeaders;
import dev.drover.wire.schema.RecordSchema;
import java.util.Optional;

/**
 * Says of each record of a batch whether it goes on, and as what. Thread-safe.
 *
 * <p>A batch may be judged again: by this worker or another, after a crash or a lost answer. Under
 * one revision the judgement is the same each time, byte for byte; whoever asks the world outside
 * writes the answer down before anything follows from it.
 */
public interface Judge extends AutoCloseable {
  /**
   * A batch as it arrived.
   *
   * @param input schema of its rows
   * @param body its rows; not to be changed
   * @param again whether it has been delivered before
   */
  record Arrived(BatchHeaders headers, RecordSchema input, byte[] body, boolean again) {}

  /**
   * Judges a batch by a revision of the chain.
   *
   * @return empty if all that follows from it has been done by an earlier attempt
   * @throws SetAsideException if it cannot judge this batch now, though it can judge others
   * @throws InterruptedException if this worker is to end before it can judge
   */
  Optional<JudgedBatch> judge(Arrived batch, String revision)
      throws InterruptedException, SetAsideException;

  /**
   * All that follows from a batch's judgement by a revision is done, or nothing ever will: another
   * take of the batch, or another revision, was decided.
   */
  default void settled(Arrived batch, String revision) throws InterruptedException {}

  /** Called each second in which no batch arrived; others may be judged meanwhile. */
  default void idle() {}

  /**
   * Called about each second, however many batches arrive and are judged meanwhile: what is asked
   * back is given up, used or not.
   */
  default void rest() {}

  @Override
  default void close() {}
}
