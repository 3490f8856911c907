package dev.drover.operator.chain;

import dev.drover.wire.decision.Counts;
import dev.drover.wire.names.SplitId;
import dev.drover.wire.state.CapAdvisory;
import dev.drover.wire.state.SourceSnapshot;
import dev.drover.wire.state.SplitCheckpoint;
import dev.drover.wire.state.Stall;
import dev.drover.wire.state.StateStore;
import dev.drover.wire.state.WireJson;
import java.time.Duration;
import java.time.Instant;
import java.util.Comparator;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * What the state bucket says of splits, snapshots, stalls and servers, as last seen. Confined to
 * one thread at a time.
 */
final class Checkpoints {
  /** A stall that was not written again for so long is over. */
  private static final Duration STALL_LIFE = Duration.ofSeconds(60);

  /** A full queue is no stall to scaling: how full it is, it sees itself. */
  private static final String QUEUE_FULL = "QueueFull";

  private record Key(String stage, SplitId split) {}

  private record Seen<T>(T value, Instant at) {}

  /**
   * The sum of some splits' checkpoints.
   *
   * @param counts records read, as passed or failed
   * @param batches messages published for sure: what the next stages are promised
   * @param openBatches messages that may be published already
   */
  record Sum(Counts counts, long batches, long openBatches) {
    static final Sum ZERO = new Sum(Counts.ZERO, 0, 0);

    Sum plus(SplitCheckpoint c) {
      return new Sum(
          counts.plus(new Counts(c.records(), c.records() - c.failed(), 0, c.failed(), 0, 0)),
          batches + c.batches(),
          openBatches + c.open().size());
    }
  }

  private final Map<Key, SplitCheckpoint> splits = new HashMap<>();
  private final Map<String, Seen<Stall>> stalls = new HashMap<>();
  private final Map<String, SourceSnapshot> snapshots = new HashMap<>();
  private final Map<String, CapAdvisory> advisories = new HashMap<>();
  private @Nullable Instant lastDone;
  private long sequence;

  /**
   * Takes in an entry of the bucket.
   *
   * @param value null if the key was deleted
   */
  void put(long sequence, String key, byte @Nullable [] value, Instant at) {
    this.sequence = Math.max(this.sequence, sequence);
    if (key.startsWith(StateStore.SPLITS)) {
      putSplit(key.substring(StateStore.SPLITS.length()), value, at);
    } else if (key.startsWith(SourceSnapshot.KEYS) && value != null) {
      snapshots.put(
          key.substring(SourceSnapshot.KEYS.length()), WireJson.parse(value, SourceSnapshot.class));
    } else if (key.startsWith(CapAdvisory.KEYS)) {
      String connection = key.substring(CapAdvisory.KEYS.length());
      advisories.put(
          connection, value == null ? CapAdvisory.FIRM : WireJson.parse(value, CapAdvisory.class));
    } else if (key.startsWith(StateStore.STALLS)) {
      String place = key.substring(StateStore.STALLS.length());
      if (value == null) {
        stalls.remove(place);
      } else {
        stalls.put(place, new Seen<>(WireJson.parse(value, Stall.class), at));
      }
    }
  }

  private void putSplit(String place, byte @Nullable [] value, Instant at) {
    int dot = place.indexOf('.');
    Key key = new Key(place.substring(0, dot), SplitId.parse(place.substring(dot + 1)));
    if (value == null) {
      splits.remove(key);
      return;
    }
    SplitCheckpoint checkpoint = WireJson.parse(value, SplitCheckpoint.class);
    splits.put(key, checkpoint);
    if (checkpoint.done() && (lastDone == null || at.isAfter(lastDone))) {
      lastDone = at;
    }
  }

  Optional<SplitCheckpoint> of(String stage, SplitId split) {
    return Optional.ofNullable(splits.get(new Key(stage, split)));
  }

  boolean done(String stage, SplitId split) {
    return of(stage, split).map(SplitCheckpoint::done).orElse(false);
  }

  /** All splits of an extract. */
  Sum stage(String stage) {
    return sum(key -> key.stage().equals(stage));
  }

  /** The splits of one table of an extract. */
  Sum table(String stage, String tableHash) {
    return sum(key -> key.stage().equals(stage) && key.split().tableHash().equals(tableHash));
  }

  private Sum sum(Predicate<Key> which) {
    Sum sum = Sum.ZERO;
    for (Map.Entry<Key, SplitCheckpoint> e : splits.entrySet()) {
      if (which.test(e.getKey())) {
        sum = sum.plus(e.getValue());
      }
    }
    return sum;
  }

  /** Why a stage does not move on, if one of its workers said so lately. */
  Optional<Stall> stall(String stage, Instant now) {
    return stalls(stage, now).max(Comparator.comparing(Seen::at)).map(Seen::value);
  }

  /** What workers of a stage tell of that something else than its own full queue keeps waiting. */
  Hindered hindered(String stage, Instant now) {
    Hindered all = Hindered.NONE;
    for (Seen<Stall> seen : stalls(stage, now).toList()) {
      if (!seen.value().reason().equals(QUEUE_FULL)) {
        all = all.and(seen.value().aside());
      }
    }
    return all;
  }

  private Stream<Seen<Stall>> stalls(String stage, Instant now) {
    return stalls.entrySet().stream()
        .filter(e -> e.getKey().startsWith(stage + "."))
        .map(Map.Entry::getValue)
        .filter(seen -> seen.at().plus(STALL_LIFE).isAfter(now));
  }

  /** The snapshot that an extract reads through, if one was taken. */
  Optional<SourceSnapshot> snapshot(String stage) {
    return Optional.ofNullable(snapshots.get(stage));
  }

  /** How far the caps of connections can be relied upon. */
  Map<String, CapAdvisory> advisories() {
    return Map.copyOf(advisories);
  }

  /** When the last split that is done was; null before the first. */
  @Nullable Instant lastDone() {
    return lastDone;
  }

  /** Notes that the bucket has nothing else up to a sequence. */
  void sawUpTo(long sequence) {
    this.sequence = Math.max(this.sequence, sequence);
  }

  /** The bucket's last sequence that was taken in; 0 before the first. */
  long sequence() {
    return sequence;
  }
}
