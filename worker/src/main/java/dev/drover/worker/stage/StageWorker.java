package dev.drover.worker.stage;

/** A stage's work in one pod. */
public interface StageWorker extends AutoCloseable {
  /** Works until {@link #stop} is called from another thread. */
  void run() throws InterruptedException;

  /**
   * Asks to take on nothing new and to come to an end: what is begun is finished, however long that
   * takes, but nothing that is away is waited for. What is not begun is given back at once.
   */
  void stop();

  /**
   * Waits for what is begun, or until it is interrupted; then gives back what is held and closes
   * connections.
   */
  @Override
  void close();
}
