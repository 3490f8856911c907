package dev.drover.operator.chain;

import dev.drover.wire.names.ChainNames;
import dev.drover.wire.state.Pace;
import dev.drover.wire.state.StateStore;
import dev.drover.wire.state.WireJson;
import io.nats.client.KeyValue;
import io.nats.client.api.KeyValueEntry;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Tells the workers of stages how fast they may go. Remembers what it told. Not thread-safe. */
final class Paces {
  private final NatsLink link;
  private final ChainNames names;
  private final Map<String, Optional<Pace>> told = new HashMap<>();
  private final Map<String, Former> formers = new HashMap<>();

  /**
   * What an operator before this one told.
   *
   * @param workers among how many a rate was shared; 0 if it told nothing
   * @param until when all of them that were to leave have ended
   */
  private record Former(int workers, Instant until) {}

  Paces(NatsLink link, ChainNames names) {
    this.link = link;
    this.names = names;
  }

  /**
   * Tells workers that may be at work long after they were told to leave. Those of whom only an
   * operator before this one knew still have their share for as long.
   *
   * @param grace how long a worker that is told to leave may take
   */
  void tellWithThoseWhoLeave(String stage, @Nullable Pace pace, Duration grace, Instant now) {
    Former former =
        formers.computeIfAbsent(stage, key -> new Former(workersTold(key), now.plus(grace)));
    if (pace == null || !now.isBefore(former.until())) {
      tell(stage, pace);
    } else {
      tell(stage, new Pace(pace.recordsPerSecond(), Math.max(pace.workers(), former.workers())));
    }
  }

  /** What cannot be read counts as not there: it is then told anew. */
  private int workersTold(String stage) {
    return link.call(
        "read how fast stage " + stage + " may go",
        nats -> {
          KeyValueEntry entry = StateStore.open(nats, names).bucket().get(Pace.key(stage));
          byte[] value = entry == null ? null : entry.getValue();
          try {
            return value == null ? 0 : WireJson.parse(value, Pace.class).workers();
          } catch (IllegalArgumentException e) {
            return 0;
          }
        });
  }

  /**
   * Tells a stage.
   *
   * @param pace null for no limit
   */
  void tell(String stage, @Nullable Pace pace) {
    Optional<Pace> wanted = Optional.ofNullable(pace);
    if (wanted.equals(told.get(stage))) {
      return;
    }
    link.run(
        "tell stage " + stage + " how fast it may go",
        nats -> {
          KeyValue bucket = StateStore.open(nats, names).bucket();
          String key = Pace.key(stage);
          if (pace != null) {
            bucket.put(key, WireJson.bytes(pace));
          } else if (bucket.get(key) != null) {
            bucket.delete(key);
          }
        });
    told.put(stage, wanted);
  }
}
