package dev.drover.operator.desk;

import dev.drover.api.v1alpha1.FailedRecord;
import dev.drover.wire.failure.QueuedFailure;
import dev.drover.wire.names.ChainNames;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Finds failures that are not shown yet. It reads on after the last that is shown of a cause, and
 * from the queue's begin when there are no more: so a window that fills reads each message once.
 * What lies behind more shown ones than a search reads, another finds that goes on where it ended.
 */
final class NewFailures {
  /** The most messages that one search reads. */
  private static final int MOST_READ = 400;

  private final ErrorQueue errors;
  private final Map<String, Long> places;
  private final Set<Long> shown = new HashSet<>();
  private final Set<Long> open = new HashSet<>();
  private final Map<String, Long> lastShown = new HashMap<>();
  private int read;

  /**
   * A search.
   *
   * @param places where earlier ones ended that did not get to the last that is shown, by subject;
   *     is kept for those to come, and may be forgotten
   */
  NewFailures(
      ErrorQueue errors,
      ChainNames names,
      Collection<FailedRecord> resources,
      Map<String, Long> places) {
    this.errors = errors;
    this.places = places;
    for (FailedRecord resource : resources) {
      Window.Shown s = FailedRecordDesk.shown(resource, names);
      shown.add(s.sequence());
      if (s.open()) {
        open.add(s.sequence());
      }
      lastShown.merge(s.subject(), s.sequence(), Math::max);
    }
  }

  /**
   * Some failures to show.
   *
   * @param wanted how many of each cause, by subject
   * @param most how many in all
   */
  List<QueuedFailure> next(Map<String, Integer> wanted, int most) {
    List<QueuedFailure> found = new ArrayList<>();
    Map<String, Long> longs = new HashMap<>();
    wanted.forEach((subject, count) -> longs.put(subject, count.longValue()));
    FairShare.of(longs, most).forEach((subject, count) -> found.addAll(of(subject, count)));
    return found;
  }

  private List<QueuedFailure> of(String subject, int count) {
    long last = lastShown.getOrDefault(subject, 0L);
    List<QueuedFailure> found = new ArrayList<>();
    between(subject, last + 1, Long.MAX_VALUE, count, found);
    if (found.size() < count && last > 0) {
      long place = places.getOrDefault(subject, 1L);
      long end = between(subject, place <= last ? place : 1, last, count, found);
      if (end <= last) {
        places.put(subject, end);
      } else {
        places.remove(subject);
      }
    }
    return found;
  }

  /**
   * Finds some of a cause from one sequence to another.
   *
   * @return the sequence to go on from; beyond the last when there are no more
   */
  private long between(
      String subject, long first, long last, int count, List<QueuedFailure> found) {
    long from = first;
    while (found.size() < count && read++ < MOST_READ) {
      Optional<QueuedFailure> next = errors.from(from, subject);
      if (next.isEmpty() || next.get().sequence() > last) {
        return Long.MAX_VALUE;
      }
      if (isNew(next.get())) {
        found.add(next.get());
      }
      from = next.get().sequence() + 1;
    }
    return from;
  }

  /**
   * A message that follows one which is shown open belongs to that resource, which will find it.
   */
  private boolean isNew(QueuedFailure failure) {
    Long replayOf = failure.detail().replayOf();
    return !shown.contains(failure.sequence()) && (replayOf == null || !open.contains(replayOf));
  }
}
