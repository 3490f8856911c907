package dev.drover.worker.slots;

import dev.drover.wire.state.WireJson;
import dev.drover.worker.slots.SlotTable.Taken;
import dev.drover.worker.slots.SlotTable.Waiting;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What this worker has seen of an endpoint's entries: for how long each has not been renewed. No
 * other machine's clock is believed, and no time counts in which nothing could be seen. Not
 * thread-safe.
 */
final class Observation {
  /**
   * Who was heard of last so long ago is not known to be away: NATS, or this process, may have
   * been. Who looks writes more often, and hears that.
   */
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
   * @param heard when anything was heard of the bucket, of the same clock
   */
  SlotTable look(Collection<Entry> entries, long nanos, long heard) {
    long counts = Math.min(nanos, heard + STEP.toNanos()) - at;
    Duration since = Duration.ofNanos(Math.clamp(counts, 0, STEP.toNanos()));
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
        Slot slot = parse(entry, Slot.class);
        slots.add(
            new Taken(
                Integer.parseInt(key[2]),
                slot == null ? Slot.UNREADABLE : slot,
                entry.revision(),
                quiet));
      } else {
        Wish wish = parse(entry, Wish.class);
        if (wish != null) {
          wishes.add(new Waiting(wish, quiet, age));
        }
      }
    }
    seen = next;
    return new SlotTable(slots, wishes);
  }

  private static <T> @Nullable T parse(Entry entry, Class<T> type) {
    try {
      return WireJson.parse(entry.value(), type);
    } catch (IllegalArgumentException e) {
      return null;
    }
  }
}
