package dev.drover.worker.database;

/** A snapshot of a source that lasts as long as one session. Used by one thread. */
public interface HeldSnapshot extends AutoCloseable {
  /** By which others enter it. */
  String name();

  /** Which transactions it sees, as the server tells of every snapshot. */
  String extent();

  /**
   * Makes sure that it is there still.
   *
   * @throws SystemFailure if not
   */
  void look() throws SystemFailure;

  /** Gives it up. */
  @Override
  void close();
}
