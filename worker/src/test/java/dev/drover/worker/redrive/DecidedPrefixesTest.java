package dev.drover.worker.redrive;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.drover.worker.redrive.DecidedPrefixes.Due;
import dev.drover.worker.redrive.DecidedPrefixes.Prefix;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

class DecidedPrefixesTest {
  private static final long LATER = DecidedPrefixes.BLOCKED_AFTER_NANOS;

  private static List<Long> range(long from, long to) {
    return LongStream.rangeClosed(from, to).boxed().toList();
  }

  private static DecidedPrefixes seen(int window, long to) {
    DecidedPrefixes prefixes = new DecidedPrefixes(window);
    range(1, to).forEach(s -> prefixes.seen("a", s));
    return prefixes;
  }

  @Test
  void what_is_decided_from_the_first_on_goes_by_one_request() {
    DecidedPrefixes prefixes = seen(1000, 500);
    prefixes.decided(range(1, 100));
    prefixes.decided(range(101, 200));

    assertThat(prefixes.due(0)).isEqualTo(new Due(List.of(new Prefix("a", 200)), List.of()));
    assertThat(prefixes.due(0)).isEqualTo(new Due(List.of(), List.of()));
  }

  @Test
  void few_go_one_by_one() {
    DecidedPrefixes prefixes = seen(1000, 500);
    prefixes.decided(range(1, 3));

    assertThat(prefixes.due(0)).isEqualTo(new Due(List.of(), List.of(1L, 2L, 3L)));
  }

  @Test
  void records_behind_one_that_is_not_decided_wait_and_then_go_one_by_one() {
    DecidedPrefixes prefixes = seen(1000, 500);
    prefixes.decided(range(2, 100));

    assertThat(prefixes.due(1).alone()).isEmpty();
    assertThat(prefixes.due(LATER).alone()).isEmpty();
    assertThat(prefixes.due(LATER + 1)).isEqualTo(new Due(List.of(), range(2, 100)));

    prefixes.decided(List.of(1L));
    prefixes.decided(range(101, 300));
    assertThat(prefixes.due(LATER + 2).prefixes()).as("given up for good").isEmpty();
  }

  @Test
  void a_late_first_one_brings_all_behind_it() {
    DecidedPrefixes prefixes = seen(1000, 500);
    prefixes.decided(range(2, 100));
    prefixes.due(1);
    prefixes.decided(List.of(1L));

    assertThat(prefixes.due(LATER)).isEqualTo(new Due(List.of(new Prefix("a", 100)), List.of()));
  }

  @Test
  void what_the_scan_has_not_seen_goes_alone() {
    DecidedPrefixes prefixes = seen(1000, 500);
    prefixes.decided(List.of(777L));

    assertThat(prefixes.due(0)).isEqualTo(new Due(List.of(), List.of(777L)));
  }

  @Test
  void at_the_end_nothing_waits_and_no_other_scan_is_taken_for_this_one() {
    DecidedPrefixes prefixes = seen(1000, 500);
    prefixes.decided(range(2, 100));

    assertThat(prefixes.last().alone()).isEqualTo(range(2, 100));
    prefixes.decided(range(101, 200));
    assertThat(prefixes.last()).isEqualTo(new Due(List.of(), range(101, 200)));
    assertThatThrownBy(() -> prefixes.seen("a", 501)).isInstanceOf(IllegalStateException.class);
  }

  /** Whatever the order: nothing undecided ever goes, all that is decided goes once. */
  @Test
  void nothing_goes_that_is_not_decided_and_all_that_is_goes_once() {
    for (long seed = 1; seed <= 300; seed++) {
      Random random = new Random(seed);
      int causes = 1 + random.nextInt(4);
      int window = 100 + random.nextInt(2000);
      boolean foreign = random.nextBoolean();
      DecidedPrefixes prefixes = new DecidedPrefixes(window);
      TreeMap<Long, String> queue = new TreeMap<>();
      Map<Long, String> decided = new HashMap<>();
      List<Long> open = new ArrayList<>();
      long now = 0;
      for (long sequence = 1; sequence <= 3000; sequence++) {
        String subject = "s" + random.nextInt(causes);
        queue.put(sequence, subject);
        prefixes.seen(subject, sequence);
        if (!foreign || random.nextInt(500) > 0) {
          open.add(sequence);
        }
        if (random.nextInt(200) == 0 && !open.isEmpty()) {
          // Mostly in order, as batches are decided.
          int from = random.nextInt(4) == 0 ? random.nextInt(open.size()) : 0;
          List<Long> some =
              List.copyOf(open.subList(from, from + random.nextInt(open.size() - from) + 1));
          open.removeAll(some);
          some.forEach(s -> decided.put(s, "decided"));
          prefixes.decided(some);
        }
        if (random.nextInt(50) == 0) {
          now += random.nextInt((int) LATER);
          remove(prefixes.due(now), queue, decided, seed);
        }
      }
      prefixes.decided(open);
      open.forEach(s -> decided.put(s, "decided"));
      remove(prefixes.last(), queue, decided, seed);
      assertThat(queue.keySet()).as("seed " + seed).noneMatch(decided::containsKey);
    }
  }

  private static void remove(
      Due due, TreeMap<Long, String> queue, Map<Long, String> decided, long seed) {
    for (Prefix prefix : due.prefixes()) {
      queue
          .headMap(prefix.last(), true)
          .entrySet()
          .removeIf(
              e -> {
                boolean mine = e.getValue().equals(prefix.subject());
                if (mine) {
                  assertThat(decided).as("seed " + seed).containsKey(e.getKey());
                }
                return mine;
              });
    }
    for (long sequence : due.alone()) {
      assertThat(decided).as("seed " + seed).containsKey(sequence);
      assertThat(queue.remove(sequence)).as("once, seed " + seed).isNotNull();
    }
  }
}
