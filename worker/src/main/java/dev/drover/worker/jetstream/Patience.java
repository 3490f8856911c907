package dev.drover.worker.jetstream;

import io.nats.client.JetStreamApiException;
import java.io.IOException;
import java.time.Duration;

/**
 * Asks NATS until it answers, showing meanwhile what is waited for. For questions that a worker
 * cannot go on without. Thread-safe.
 */
public final class Patience {
  private final Stalls stalls;

  /** Shows what it waits for among these stalls. */
  public Patience(Stalls stalls) {
    this.stalls = stalls;
  }

  /** A question to NATS; asking it again must do no harm. */
  @FunctionalInterface
  public interface Question<T> {
    /** Asks once. */
    T ask() throws IOException, JetStreamApiException;
  }

  /**
   * The answer to a question, whenever it comes.
   *
   * @param what what is asked for, for people: {@code "read the checkpoint of split 3"}
   * @throws InterruptedException also if it does not come and this worker is to leave
   */
  public <T> T ask(String what, Question<T> question) throws InterruptedException {
    Backoff backoff = new Backoff(Duration.ofMillis(50), Duration.ofSeconds(2), stalls.leaving());
    while (true) {
      try {
        T answer = question.ask();
        stalls.over(what);
        return answer;
      } catch (JetStreamApiException | IOException | IllegalStateException e) {
        stalls.begin(what, NatsFailure.of(what, e));
      }
      stalls.pause(what, backoff);
    }
  }
}
