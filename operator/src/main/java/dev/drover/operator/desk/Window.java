package dev.drover.operator.desk;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * How the window on the error queue has to change. Pure.
 *
 * @param remove names of resources that go
 * @param add how many more failures to show of each cause, by its subject
 */
record Window(List<String> remove, Map<String, Integer> add) {
  /**
   * A resource in the window.
   *
   * @param name its name
   * @param subject the cause that it counts for
   * @param sequence the error message that it shows
   * @param touched whether a user asked for anything: then it stays until it is closed
   * @param lost whether its record is in the queue no longer, though it is not out of the way: it
   *     stays as long as there is room
   * @param closedAt when its record got out of the way; null while it is open
   */
  record Shown(
      String name,
      String subject,
      long sequence,
      boolean touched,
      boolean lost,
      @Nullable Instant closedAt) {
    /** One whose record is where it should be. */
    Shown(String name, String subject, long sequence, boolean touched, @Nullable Instant closedAt) {
      this(name, subject, sequence, touched, false, closedAt);
    }

    boolean open() {
      return closedAt == null && !lost;
    }
  }

  /**
   * Compares what is shown with what there is.
   *
   * @param failures messages in the error queue, by subject
   * @param shown the resources that there are
   * @param most how many resources there may be
   * @param closedStays how long one whose record is out of the way stays, if there is room
   */
  static Window next(
      Map<String, Long> failures,
      Collection<Shown> shown,
      int most,
      Duration closedStays,
      Instant now) {
    Map<String, Integer> shares = FairShare.of(failures, most);
    Map<String, Integer> have = new HashMap<>();
    shown.stream().filter(Shown::open).forEach(s -> have.merge(s.subject(), 1, Integer::sum));
    Map<String, Integer> lacking = new LinkedHashMap<>();
    shares.forEach(
        (subject, share) -> {
          int more = share - have.getOrDefault(subject, 0);
          if (more > 0) {
            lacking.put(subject, more);
          }
        });
    int wanted = sum(lacking);
    List<String> lost = lost(shown);
    int open = sum(have) + lost.size();
    int tooMany = open + wanted - most;
    List<String> remove = new ArrayList<>(lost.subList(0, Math.clamp(tooMany, 0, lost.size())));
    remove.addAll(surplus(shown, shares, have, tooMany - remove.size()));
    int room = Math.max(0, most - (open - remove.size()));
    Map<String, Integer> add = FairShare.of(asLongs(lacking), Math.min(wanted, room));
    remove.addAll(closed(shown, most - (open - remove.size()) - sum(add), closedStays, now));
    return new Window(List.copyOf(remove), Map.copyOf(add));
  }

  /** Those whose records are lost, the newest first. */
  private static List<String> lost(Collection<Shown> shown) {
    return shown.stream()
        .filter(Shown::lost)
        .sorted(Comparator.comparingLong(Shown::sequence).reversed())
        .map(Shown::name)
        .toList();
  }

  /** Untouched resources of causes that have more than their share, the newest of them first. */
  private static List<String> surplus(
      Collection<Shown> shown,
      Map<String, Integer> shares,
      Map<String, Integer> have,
      int tooMany) {
    List<Shown> candidates =
        shown.stream()
            .filter(s -> s.open() && !s.touched())
            .sorted(Comparator.comparingLong(Shown::sequence).reversed())
            .toList();
    Map<String, Integer> left = new HashMap<>(have);
    List<String> remove = new ArrayList<>();
    for (Shown s : candidates) {
      if (remove.size() >= tooMany) {
        break;
      }
      if (left.getOrDefault(s.subject(), 0) > shares.getOrDefault(s.subject(), 0)) {
        left.merge(s.subject(), -1, Integer::sum);
        remove.add(s.name());
      }
    }
    return remove;
  }

  /**
   * Closed resources that have been there long, or, the oldest first, for which there's no room.
   */
  private static List<String> closed(
      Collection<Shown> shown, int room, Duration stays, Instant now) {
    record Closed(String name, Instant at) {}
    List<Closed> newestFirst = new ArrayList<>();
    for (Shown s : shown) {
      Instant at = s.closedAt();
      if (at != null) {
        newestFirst.add(new Closed(s.name(), at));
      }
    }
    newestFirst.sort(Comparator.comparing(Closed::at).reversed());
    List<String> remove = new ArrayList<>();
    for (int i = 0; i < newestFirst.size(); i++) {
      if (i >= room || !newestFirst.get(i).at().plus(stays).isAfter(now)) {
        remove.add(newestFirst.get(i).name());
      }
    }
    return remove;
  }

  private static int sum(Map<String, Integer> counts) {
    return counts.values().stream().mapToInt(Integer::intValue).sum();
  }

  private static Map<String, Long> asLongs(Map<String, Integer> counts) {
    Map<String, Long> longs = new LinkedHashMap<>();
    counts.forEach((key, count) -> longs.put(key, count.longValue()));
    return longs;
  }
}
