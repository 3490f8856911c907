package dev.drover.worker.database;

import java.util.List;

/** A database to load into. Used by one thread. */
public interface LoadTarget extends AutoCloseable {
  /**
   * Loads batches of one source table in one transaction. Batches that are decided already write
   * nothing; of a batch that occurs twice in the list the first is loaded.
   *
   * @return the outcomes, in the order of the batches; all of them durable
   * @throws SystemFailure if the target is away or refuses; the session is then given up, unless
   *     all it did was to wait for a lock, or to lose against others again and again
   */
  List<LoadOutcome> load(String sourceTable, List<LoadBatch> batches) throws SystemFailure;

  /** To be called between two pieces of work: gives the session up if others are to have it. */
  void rest();

  /** To be called when nothing is to be loaded: gives the session up if others wait for one. */
  void idle();

  /**
   * Does what is left at the target when all is decided. The session is given up afterwards.
   *
   * @throws SystemFailure if the target is away or refuses
   */
  Finished finish() throws SystemFailure;

  /** Ends what {@link #finish} does, now and later. May be called by any thread. */
  void leave();

  @Override
  void close();
}
