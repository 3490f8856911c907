package dev.drover.worker.redrive;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Which of the decided records are the first that a cause has in the error queue, so that one
 * request takes them out, however many: a request for each costs the server more than all else that
 * a Redrive asks of it. A cause of which an earlier record stays undecided is {@linkplain
 * #BLOCKED_AFTER_NANOS soon} given up, and its records go one by one. Not thread-safe.
 */
final class DecidedPrefixes {
  /** For so long decided records wait for an earlier one. */
  static final long BLOCKED_AFTER_NANOS = 2_000_000_000L;

  /** Fewer are taken out one by one: what the server does to find a cause's first is not free. */
  static final int LEAST = 64;

  private static final int NONE = -1;

  private final int window;
  private final long[] sequences;
  private final int[] causeOf;
  private final int[] next;
  private BitSet decided;
  private int size;
  private final List<Cause> causes = new ArrayList<>();
  private final Map<String, Integer> ids = new HashMap<>();
  private List<Long> alone = new ArrayList<>();
  private boolean over;

  /** Where a cause is. Its records are linked, the first one that is not decided in front. */
  private static final class Cause {
    final String subject;
    int head = NONE;
    int tail = NONE;
    int ahead;
    long stuckAt;
    long stuckSince;
    boolean blocked;

    Cause(String subject) {
      this.subject = subject;
    }
  }

  /**
   * The first messages of a subject, each decided.
   *
   * @param last sequence of the last one
   */
  record Prefix(String subject, long last) {}

  /**
   * What can be taken out of the error queue now, each told once.
   *
   * @param alone sequences of records to be taken out one by one
   */
  record Due(List<Prefix> prefixes, List<Long> alone) {}

  /**
   * Of a scan that begins at the error queue's first message.
   *
   * @param window how many records may be on their way at a time before causes are given up
   */
  DecidedPrefixes(int window) {
    this.window = window;
    this.sequences = new long[window];
    this.causeOf = new int[window];
    this.next = new int[window];
    this.decided = new BitSet(window);
  }

  /**
   * The scan came to a message, whether it will be sent or not.
   *
   * @param sequence greater than any before
   */
  void seen(String subject, long sequence) {
    if (over) {
      throw new IllegalStateException("all was taken out: another scan, other prefixes");
    }
    int id =
        ids.computeIfAbsent(
            subject,
            s -> {
              causes.add(new Cause(s));
              return causes.size() - 1;
            });
    if (size == window) {
      makeRoom();
    }
    Cause cause = causes.get(id);
    if (cause.blocked) {
      return;
    }
    sequences[size] = sequence;
    causeOf[size] = id;
    next[size] = NONE;
    if (cause.head == NONE) {
      cause.head = size;
    } else {
      next[cause.tail] = size;
    }
    cause.tail = size++;
  }

  /** Records are decided for good. */
  void decided(List<Long> sequences) {
    for (long sequence : sequences) {
      int at = Arrays.binarySearch(this.sequences, 0, size, sequence);
      if (at < 0 || causes.get(causeOf[at]).blocked) {
        alone.add(sequence);
      } else {
        decided.set(at);
        causes.get(causeOf[at]).ahead++;
      }
    }
  }

  /**
   * What can be taken out.
   *
   * @param now nanoseconds of a clock that only goes on
   */
  Due due(long now) {
    List<Prefix> prefixes = new ArrayList<>();
    for (Cause cause : causes) {
      advance(cause, prefixes);
      if (cause.ahead == 0 || cause.head == NONE) {
        cause.stuckAt = 0;
      } else if (cause.stuckAt != sequences[cause.head]) {
        cause.stuckAt = sequences[cause.head];
        cause.stuckSince = now;
      } else if (now - cause.stuckSince >= BLOCKED_AFTER_NANOS) {
        block(cause);
      }
    }
    return new Due(prefixes, takeAlone());
  }

  /** All that can be taken out, what waits for others too; from then on each goes alone. */
  Due last() {
    List<Prefix> prefixes = new ArrayList<>();
    for (Cause cause : causes) {
      advance(cause, prefixes);
      block(cause);
    }
    over = true;
    return new Due(prefixes, takeAlone());
  }

  private List<Long> takeAlone() {
    List<Long> some = alone;
    alone = new ArrayList<>();
    return some;
  }

  private void advance(Cause cause, List<Prefix> prefixes) {
    int from = cause.head;
    int count = 0;
    long last = 0;
    while (cause.head != NONE && decided.get(cause.head)) {
      last = sequences[cause.head];
      cause.head = next[cause.head];
      count++;
    }
    cause.ahead -= count;
    if (count >= LEAST) {
      prefixes.add(new Prefix(cause.subject, last));
    } else {
      for (int at = from; at != cause.head; at = next[at]) {
        alone.add(sequences[at]);
      }
    }
  }

  private void block(Cause cause) {
    for (int at = cause.head; at != NONE; at = next[at]) {
      if (decided.get(at)) {
        alone.add(sequences[at]);
      }
    }
    cause.ahead = 0;
    cause.head = NONE;
    cause.tail = NONE;
    cause.blocked = true;
  }

  /** Gives up causes that stand in the older half, and forgets what nobody stands at any more. */
  private void makeRoom() {
    for (Cause cause : causes) {
      if (cause.head != NONE && cause.head < window / 2) {
        block(cause);
      }
    }
    int drop = causes.stream().filter(c -> c.head != NONE).mapToInt(c -> c.head).min().orElse(size);
    System.arraycopy(sequences, drop, sequences, 0, size - drop);
    System.arraycopy(causeOf, drop, causeOf, 0, size - drop);
    for (int at = drop; at < size; at++) {
      next[at - drop] = next[at] == NONE ? NONE : next[at] - drop;
    }
    for (Cause cause : causes) {
      if (cause.head != NONE) {
        cause.head -= drop;
        cause.tail -= drop;
      }
    }
    decided = decided.get(drop, size);
    size -= drop;
  }
}
