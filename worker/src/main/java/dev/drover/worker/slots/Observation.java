package dev.drover.worker.slots;

import dev.drover.wire.state.WireJson;
import dev.drover.worker.slots.SlotTable.Taken;
import dev.drover.worker.slots.SlotTable.Waiting;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * What this worker has seen of an endpoint's entries: for how long each has not been renewed. No
 * other machine's clock is believed, and no time counts in which nothing could be seen. Not
 * thread-safe.
 */
final class Observation {
  /** Between two looks no more counts: NATS, or this process, may have been away. */
  private static final Duration STEP = Duration.ofSeconds(5);

  private Map<String, Seen> seen = new HashMap<>();
  private long at;

  /**
   * An entry of the bucket.
   *
   * @param key {@code <endpoint>.slot.<number>} or {@code <endpoint>.wish.<id>}
   * @param value a {@link Slot} or a {@link Wish} in JSON
   */
  @SuppressWarnings("ArrayRecordComponent") // never compared
  record Entry(String key, long revision, byte[] value) {}

  private record Seen(long revision, Duration quiet, Duration age) {}

  /**
   * Looks once more.
   *
   * @param entries all there are
   * @param nanos of the clock that never jumps
   */
  SlotTable look(List<Entry> entries, long nanos) {
    Duration since = Duration.ofNanos(Math.min(nanos - at, STEP.toNanos()));
    at = nanos;
    Map<String, Seen> next = new HashMap<>();
    List<Taken> slots = new ArrayList<>();
    List<Waiting> wishes = new ArrayList<>();
    for (Entry entry : entries) {
      Seen before = seen.get(entry.key());
      Duration quiet =
          before == null || before.revision() != entry.revision()
              ? Duration.ZERO
              : before.quiet().plus(since);
      Duration age = before == null ? Duration.ZERO : before.age().plus(since);
      next.put(entry.key(), new Seen(entry.revision(), quiet, age));
      String[] key = entry.key().split("\\.", 3);
      if (key[1].equals("slot")) {
        slots.add(
            new Taken(
                Integer.parseInt(key[2]),
                WireJson.parse(entry.value(), Slot.class),
                entry.revision(),
                quiet));
      } else {
        wishes.add(new Waiting(WireJson.parse(entry.value(), Wish.class), quiet, age));
      }
    }
    seen = next;
    return new SlotTable(slots, wishes);
  }
}
