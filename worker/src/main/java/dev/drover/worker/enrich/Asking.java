package dev.drover.worker.enrich;

import dev.drover.worker.jetstream.Backoff;
import dev.drover.worker.jetstream.Stalls;
import dev.drover.worker.lookup.Answer;
import dev.drover.worker.lookup.Lookup;
import dev.drover.worker.lookup.LookupUnavailableException;
import dev.drover.worker.lookup.Question;
import dev.drover.worker.metrics.LookupMetrics;
import dev.drover.worker.metrics.LookupMetrics.Outcome;
import dev.drover.worker.stage.SetAsideException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * Finds the answers for a batch's keys: those that are kept, and the others from the lookup, all at
 * once. One batch is asked for at a time, so that a key of two batches is asked for once if answers
 * are kept; after a failure the next one has its turn. Waits for a lookup that is away, for as long
 * as it takes; what it had answered holds. A batch that alone gets no answer is set aside.
 * Thread-safe.
 */
final class Asking implements AutoCloseable {
  /** How soon a batch that waits for its turn notices that this worker is to leave. */
  private static final Duration NOTICE = Duration.ofMillis(250);

  private final Lookup lookup;
  private final AnswerCache cache;
  private final LookupMetrics metrics;
  private final Stalls stalls;
  private final EnrichOnTheWay.Waiting waiting;
  private final ReentrantLock turn = new ReentrantLock(true);
  private final AtomicLong answered = new AtomicLong();

  /** Of whoever has the turn. */
  private final Backoff backoff;

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
    this.backoff = new Backoff(Duration.ofMillis(500), Duration.ofSeconds(10), stalls.leaving());
  }

  /** What a batch does that gets no answer while others do. */
  enum IfAlone {
    /** It waits for as long as it takes. */
    Wait,
    /** It makes room after a while. */
    Leave,
    /** It makes room as soon as it is known, since it was so before. */
    LeaveAtOnce
  }

  /**
   * What a batch asks.
   *
   * @param batch its name, for people
   * @param anew whether to ask for all keys, kept or not
   * @param ifAlone what it does if others are answered and it is not
   */
  record Request(
      String batch,
      Enrichment of,
      Question question,
      BatchKeys keys,
      boolean anew,
      IfAlone ifAlone) {
    String stall() {
      return "lookup of " + batch;
    }
  }

  /**
   * The answers, in the order of the keys.
   *
   * @throws SetAsideException if others are answered and this batch is not, unless it is to wait
   * @throws InterruptedException also if this worker is to leave before it has asked for this
   *     batch, or while the lookup is away
   */
  List<Answer> answers(Request request) throws InterruptedException, SetAsideException {
    Answers answers = new Answers(request);
    Attempts attempts = new Attempts(answered.get(), request.ifAlone() == IfAlone.LeaveAtOnce);
    boolean all = !request.anew() && answers.fill();
    while (!all) {
      while (!turn.tryLock(NOTICE.toMillis(), TimeUnit.MILLISECONDS)) {
        unlessLeaving();
      }
      try {
        all = attempt(answers, attempts);
      } finally {
        turn.unlock();
      }
    }
    stalls.over(request.stall());
    return answers.all();
  }

  /** Asks for what is open, and returns whether that is all; else the lookup was left in peace. */
  private boolean attempt(Answers answers, Attempts attempts)
      throws InterruptedException, SetAsideException {
    Request request = answers.request;
    if (!request.anew() && answers.fill()) {
      return true;
    }
    if (!attempts.begun()) {
      unlessLeaving(); // nothing is asked yet, so another worker may as well
      attempts.begin();
    }
    List<Integer> open = answers.open();
    try {
      lookup.ask(
          request.question(),
          open.stream().map(request.keys().values()::get).toList(),
          answers.listener(open));
      backoff.reset();
      return true;
    } catch (LookupUnavailableException e) {
      boolean some = answers.open().size() < open.size();
      if (some) {
        backoff.reset();
      }
      attempts.failed(some, System.nanoTime());
      metrics.failed(e.reason());
      stalls.begin(request.stall(), e.reason(), String.valueOf(e.getMessage()));
      waiting.since("waits, " + e.reason() + ": " + e.getMessage());
      if (request.ifAlone() != IfAlone.Wait) {
        setAsideIfAlone(request, attempts, e);
      }
      pause(e.retryAfter());
      return false;
    }
  }

  private void setAsideIfAlone(Request request, Attempts attempts, LookupUnavailableException e)
      throws SetAsideException {
    Duration asked = e.isForAll() ? Duration.ZERO : e.retryAfter();
    if (attempts.areInVain(answered.get(), asked, System.nanoTime())) {
      throw new SetAsideException(
          request.stall(), e.reason(), String.valueOf(e.getMessage()), e.retryAfter());
    }
  }

  private void pause(Duration atLeast) throws InterruptedException {
    if (atLeast.isPositive()) {
      stalls.leaving().await(atLeast);
      unlessLeaving();
    }
    backoff.pause();
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
    private final Request request;
    private final @Nullable Answer[] known;

    Answers(Request request) {
      this.request = request;
      this.known = new Answer[request.keys().names().size()];
    }

    /** Puts in the answers that are kept, and says whether these are all. */
    synchronized boolean fill() {
      boolean all = true;
      for (int i = 0; i < known.length; i++) {
        if (known[i] == null) {
          ByteBuffer name = request.keys().names().get(i);
          known[i] = cache.get(request.of(), name);
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
      cache.put(request.of(), request.keys().names().get(place), answer);
      metrics.key(outcome(answer));
      if (!Arrays.asList(request.keys().values().get(place)).contains(null)) {
        answered.incrementAndGet(); // for a key with a null in it no server need be asked
      }
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
