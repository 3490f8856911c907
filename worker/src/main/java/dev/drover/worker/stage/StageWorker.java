package dev.drover.worker.stage;

/** A stage's work in one pod. */
public interface StageWorker extends AutoCloseable {
  /** Works until {@link #stop} is called from another thread. */
  void run() throws InterruptedException;

  /** Asks to take on nothing new and to come to an end soon. */
  void stop();

  /** Gives back what is held and closes connections. */
  @Override
  void close();
}
