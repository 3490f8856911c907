package dev.drover.worker.enrich;

import dev.drover.worker.jetstream.Backoff;
import dev.drover.worker.jetstream.Stalls;
import dev.drover.worker.lookup.Answer;
import dev.drover.worker.lookup.Lookup;
import dev.drover.worker.lookup.LookupUnavailableException;
import dev.drover.worker.lookup.Question;
import dev.drover.worker.metrics.LookupMetrics;
import dev.drover.worker.metrics.LookupMetrics.Outcome;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * Finds the answers for a batch's keys: those that are kept, and the others from the lookup, all at
 * once. One batch is asked for at a time, so that a key of two batches is asked for once if answers
 * are kept. Waits for a lookup that is away, for as long as it takes; what it had answered holds.
 * Thread-safe.
 */
final class Asking implements AutoCloseable {
  private static final String SOURCE = "lookup";

  /** How soon a batch that waits for its turn notices that this worker is to leave. */
  private static final Duration NOTICE = Duration.ofMillis(250);

  private final Lookup lookup;
  private final AnswerCache cache;
  private final LookupMetrics metrics;
  private final Stalls stalls;
  private final EnrichOnTheWay.Waiting waiting;
  private final ReentrantLock turn = new ReentrantLock();

  /**
   * @param lookup is closed with it
   * @param waiting is told what is waited for, beside the stall
   */
  Asking(
      Lookup lookup,
      AnswerCache cache,
      LookupMetrics metrics,
      Stalls stalls,
      EnrichOnTheWay.Waiting waiting) {
    this.lookup = lookup;
    this.cache = cache;
    this.metrics = metrics;
    this.stalls = stalls;
    this.waiting = waiting;
  }

  /**
   * The answers, in the order of the keys.
   *
   * @param anew whether to ask for all of them, kept or not
   * @throws InterruptedException also if this worker is to leave before it has asked for this
   *     batch, or while the lookup is away
   */
  List<Answer> answers(Enrichment of, Question question, BatchKeys keys, boolean anew)
      throws InterruptedException {
    Answers answers = new Answers(of, keys);
    if (!anew && answers.fill()) {
      return answers.all();
    }
    while (!turn.tryLock(NOTICE.toMillis(), TimeUnit.MILLISECONDS)) {
      unlessLeaving();
    }
    try {
      if (anew || !answers.fill()) {
        unlessLeaving(); // nothing is asked yet, so another worker may as well
        ask(question, answers);
      }
      return answers.all();
    } finally {
      turn.unlock();
    }
  }

  private void ask(Question question, Answers answers) throws InterruptedException {
    Backoff backoff = new Backoff(Duration.ofMillis(500), Duration.ofSeconds(10), stalls.leaving());
    while (true) {
      List<Integer> open = answers.open();
      Duration retryAfter;
      try {
        lookup.ask(
            question,
            open.stream().map(answers.keys.values()::get).toList(),
            answers.listener(open));
        stalls.over(SOURCE);
        return;
      } catch (LookupUnavailableException e) {
        retryAfter = e.retryAfter();
        metrics.failed(e.reason());
        stalls.begin(SOURCE, e.reason(), String.valueOf(e.getMessage()));
        waiting.since("waits, " + e.reason() + ": " + e.getMessage());
      }
      if (answers.open().size() < open.size()) {
        backoff.reset();
      }
      if (retryAfter.isPositive()) {
        stalls.leaving().await(retryAfter);
        unlessLeaving();
      }
      backoff.pause();
    }
  }

  private void unlessLeaving() throws InterruptedException {
    if (stalls.leaving().asked()) {
      throw new InterruptedException("this worker is to leave: another is to ask");
    }
  }

  private static Outcome outcome(Answer answer) {
    return switch (answer) {
      case Answer.Found f -> Outcome.found;
      case Answer.Missing m -> Outcome.missing;
      case Answer.Ambiguous a -> Outcome.ambiguous;
      case Answer.Refused r -> Outcome.refused;
    };
  }

  /** Lets the lookup give up what others wait for, unless somebody asks just now. */
  void idle() {
    unlessAsked(lookup::idle);
  }

  /**
   * Lets the lookup give up what it is asked to. Who asks does that himself; but where all answers
   * are kept, or nothing is to be looked up, nobody does.
   */
  void rest() {
    unlessAsked(lookup::rest);
  }

  private void unlessAsked(Runnable what) {
    if (turn.tryLock()) {
      try {
        what.run();
      } finally {
        turn.unlock();
      }
    }
  }

  @Override
  public void close() {
    lookup.close();
  }

  /** The answers to the keys of one batch, as they come. Guarded by itself. */
  private final class Answers {
    private final Enrichment of;
    private final BatchKeys keys;
    private final @Nullable Answer[] known;

    Answers(Enrichment of, BatchKeys keys) {
      this.of = of;
      this.keys = keys;
      this.known = new Answer[keys.names().size()];
    }

    /** Puts in the answers that are kept, and says whether these are all. */
    synchronized boolean fill() {
      boolean all = true;
      for (int i = 0; i < known.length; i++) {
        if (known[i] == null) {
          ByteBuffer name = keys.names().get(i);
          known[i] = cache.get(of, name);
          if (known[i] != null) {
            metrics.key(Outcome.kept);
          }
        }
        all &= known[i] != null;
      }
      return all;
    }

    synchronized List<Integer> open() {
      List<Integer> open = new ArrayList<>();
      for (int i = 0; i < known.length; i++) {
        if (known[i] == null) {
          open.add(i);
        }
      }
      return open;
    }

    synchronized List<Answer> all() {
      List<Answer> all = new ArrayList<>(known.length);
      for (Answer answer : known) {
        if (answer == null) {
          throw new IllegalStateException("a key has no answer");
        }
        all.add(answer);
      }
      return all;
    }

    private synchronized void put(int place, Answer answer) {
      known[place] = answer;
      cache.put(of, keys.names().get(place), answer);
      metrics.key(outcome(answer));
    }

    /** What a lookup tells that is asked for some of the keys. */
    Lookup.Listener listener(List<Integer> asked) {
      return new Lookup.Listener() {
        @Override
        public void answered(int key, Answer answer) {
          put(asked.get(key), answer);
        }

        @Override
        public void asked(long nanos) {
          metrics.asked(nanos);
        }
      };
    }
  }
}
