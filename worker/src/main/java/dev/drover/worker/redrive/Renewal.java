package dev.drover.worker.redrive;

import dev.drover.wire.failure.QueuedFailure;
import dev.drover.wire.replay.RedriveOrder;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Makes of failed records what is sent of them. Used by one thread. */
interface Renewal extends AutoCloseable {
  /**
   * What becomes of some records, one answer each, in their order. Waits for whatever is away.
   *
   * @param failures some of the error queue, few enough to be in memory
   */
  List<Renewed> of(List<QueuedFailure> failures, RedriveOrder order) throws InterruptedException;

  /** Gives back what is held at the source, until it is needed again. */
  @Override
  void close();

  /** What became of one record. */
  sealed interface Renewed {
    /** The record. */
    QueuedFailure failure();

    /**
     * It can be sent.
     *
     * @param row it as it is sent
     * @param origin how it was made; null for the record as it failed, with the order's change
     */
    record Ready(QueuedFailure failure, byte[] row, @Nullable Origin origin) implements Renewed {}

    /**
     * It stays in the error queue.
     *
     * @param code CamelCase
     * @param message why, and what to do; holds no value of the record
     */
    record Refused(QueuedFailure failure, String code, String message) implements Renewed {}
  }

  /**
   * How a record was made of its row at the source.
   *
   * @param schema fingerprint of its schema
   * @param revision chain revision by whose rules
   * @param fromExtract whether it goes into the queue of its stage, an extract
   */
  record Origin(String schema, String revision, boolean fromExtract) {}
}
