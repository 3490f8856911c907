package dev.drover.worker.enrich;

import dev.drover.worker.jetstream.Backoff;
import dev.drover.worker.jetstream.Stalls;
import dev.drover.worker.lookup.Answer;
import dev.drover.worker.lookup.LookupQuery;
import dev.drover.worker.lookup.LookupSession;
import dev.drover.worker.lookup.LookupUnavailableException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * Finds the answers for a batch's keys: those that are kept, and the others from the database, in
 * one query. One query is under way at a time, so that a key of two batches is asked for once if
 * answers are kept. Waits for a database that is away, for as long as it takes. Thread-safe.
 */
final class Asking implements AutoCloseable {
  private static final String DATABASE = "lookup database";

  private final LookupSession session;
  private final AnswerCache cache;
  private final Stalls stalls;
  private final ReentrantLock turn = new ReentrantLock();
  private volatile boolean stopping;

  /** Whether the last query failed; whoever is to stop does not try again then. */
  private volatile boolean away;

  Asking(LookupSession session, AnswerCache cache, Stalls stalls) {
    this.session = session;
    this.cache = cache;
    this.stalls = stalls;
  }

  /**
   * The answers, in the order of the keys.
   *
   * @param anew whether to ask for all of them, kept or not
   * @throws InterruptedException also if this worker is to stop while the database is away
   */
  List<Answer> answers(Enrichment of, LookupQuery query, BatchKeys keys, boolean anew)
      throws InterruptedException {
    @Nullable Answer[] answers = new Answer[keys.names().size()];
    if (!anew && fill(answers, of, keys)) {
      return all(answers);
    }
    turn.lockInterruptibly();
    try {
      if (!anew && fill(answers, of, keys)) {
        return all(answers);
      }
      List<Integer> open = new ArrayList<>();
      for (int i = 0; i < answers.length; i++) {
        if (answers[i] == null) {
          open.add(i);
        }
      }
      List<Answer> found = ask(query, open.stream().map(keys.values()::get).toList());
      for (int i = 0; i < found.size(); i++) {
        int place = open.get(i);
        answers[place] = found.get(i);
        cache.put(of, keys.names().get(place), found.get(i));
      }
      return all(answers);
    } finally {
      turn.unlock();
    }
  }

  /** Puts in the answers that are kept, and says whether these are all. */
  private boolean fill(@Nullable Answer[] answers, Enrichment of, BatchKeys keys) {
    boolean all = true;
    for (int i = 0; i < answers.length; i++) {
      ByteBuffer name = keys.names().get(i);
      if (answers[i] == null) {
        answers[i] = cache.get(of, name);
      }
      all &= answers[i] != null;
    }
    return all;
  }

  private static List<Answer> all(@Nullable Answer[] answers) {
    List<Answer> all = new ArrayList<>(answers.length);
    for (Answer answer : answers) {
      if (answer == null) {
        throw new IllegalStateException("a key has no answer");
      }
      all.add(answer);
    }
    return all;
  }

  private List<Answer> ask(LookupQuery query, List<@Nullable Object[]> keys)
      throws InterruptedException {
    Backoff backoff = new Backoff(Duration.ofMillis(500), Duration.ofSeconds(10));
    while (!(stopping && away)) {
      try {
        List<Answer> answers = session.ask(query, keys);
        away = false;
        stalls.over(DATABASE);
        return answers;
      } catch (LookupUnavailableException e) {
        away = true;
        stalls.begin(DATABASE, e.reason(), String.valueOf(e.getMessage()));
      }
      if (!stopping) {
        backoff.pause();
      }
    }
    throw new InterruptedException("the lookup database is away, and this worker is to stop");
  }

  /** Gives the session up if others wait for one, unless somebody asks just now. */
  void idle() {
    if (turn.tryLock()) {
      try {
        session.idle();
      } finally {
        turn.unlock();
      }
    }
  }

  /** Asks not to wait any longer. */
  void stop() {
    stopping = true;
  }

  @Override
  public void close() {
    session.close();
  }
}
