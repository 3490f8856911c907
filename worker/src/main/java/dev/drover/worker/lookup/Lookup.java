package dev.drover.worker.lookup;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** Where an enrich looks its records up. Used by one thread at a time. */
public interface Lookup extends AutoCloseable {
  /** Told what is found. It may be called by several threads, by one at a time. */
  interface Listener {
    /** A key has its answer, which holds also if others get none. */
    void answered(int key, Answer answer);

    /** The database or the server was asked once, well or not, and took so long. */
    void asked(long nanos);
  }

  /**
   * Asks for keys.
   *
   * @param keys different keys, each with a value for each of the question's
   * @param listener is told each answer, by the key's place
   * @throws LookupUnavailableException if not all could be answered, for no fault of a key's
   * @throws IllegalArgumentException if the question is for another kind of lookup
   */
  void ask(Question question, List<@Nullable Object[]> keys, Listener listener)
      throws LookupUnavailableException, InterruptedException;

  /** Called when there is nothing to look up: what others wait for is given up. */
  default void idle() {}

  /** Called now and then between two questions: what is asked back is given up. */
  default void rest() {}

  /** Gives up what is held; a later question has it back. */
  @Override
  void close();
}
