package dev.drover.worker.slots;

import dev.drover.wire.names.ChainNames;
import io.nats.client.JetStreamApiException;
import io.nats.client.KeyValue;
import io.nats.client.api.KeyValueEntry;
import io.nats.client.api.KeyValueWatcher;
import io.nats.client.impl.NatsKeyValueWatchSubscription;
import java.io.IOException;
import java.util.Collection;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The entries of an endpoint as the server tells of them. They may be older than what is there: who
 * decides by them writes over the revision that he saw. Thread-safe.
 */
final class SlotWatch implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(SlotWatch.class);
  private static final Pattern OURS = Pattern.compile("[^.]+\\.(slot\\.\\d{1,9}|wish\\.[^.]+)");
  private static final int SECONDS = 5;

  private final Map<String, Observation.Entry> entries = new ConcurrentHashMap<>();
  private final CountDownLatch complete = new CountDownLatch(1);
  private final LongSupplier clock;
  private volatile long heard;
  private volatile long revision;
  private @Nullable NatsKeyValueWatchSubscription subscription;

  private SlotWatch(LongSupplier clock) {
    this.clock = clock;
    this.heard = clock.getAsLong();
  }

  /** Watches an endpoint, and returns when all that is there is known. */
  static SlotWatch begin(KeyValue bucket, String endpoint, LongSupplier clock)
      throws IOException, JetStreamApiException, InterruptedException {
    SlotWatch watch = new SlotWatch(clock);
    watch.subscription = bucket.watch(endpoint + ".>", watch.watcher());
    if (!watch.complete.await(SECONDS, TimeUnit.SECONDS)) {
      watch.close();
      throw new IOException("NATS did not list the bucket " + ChainNames.SLOTS_BUCKET);
    }
    return watch;
  }

  private KeyValueWatcher watcher() {
    return new KeyValueWatcher() {
      @Override
      public void watch(KeyValueEntry entry) {
        heard = clock.getAsLong();
        byte[] value = entry.getValue();
        if (value == null) {
          entries.remove(entry.getKey());
        } else if (OURS.matcher(entry.getKey()).matches()) {
          entries.put(
              entry.getKey(), new Observation.Entry(entry.getKey(), entry.getRevision(), value));
        }
        revision = Math.max(revision, entry.getRevision());
      }

      @Override
      public void endOfData() {
        complete.countDown();
      }
    };
  }

  Collection<Observation.Entry> entries() {
    return entries.values();
  }

  /** Forgets what is taken away without a word. */
  void forget(String key) {
    entries.remove(key);
  }

  /** When anything was heard, by the clock. */
  long heard() {
    return heard;
  }

  /** The latest revision that was heard of. */
  long revision() {
    return revision;
  }

  @Override
  public void close() {
    NatsKeyValueWatchSubscription watching = subscription;
    if (watching != null) {
      try {
        watching.unsubscribe();
      } catch (RuntimeException e) {
        LOG.debug("a watch ends with its connection", e);
      }
    }
  }
}
