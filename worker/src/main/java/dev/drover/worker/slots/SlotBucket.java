package dev.drover.worker.slots;

import dev.drover.wire.names.ChainNames;
import dev.drover.wire.state.WireJson;
import io.nats.client.Connection;
import io.nats.client.JetStreamApiException;
import io.nats.client.KeyValue;
import io.nats.client.PurgeOptions;
import io.nats.client.api.KeyValueEntry;
import io.nats.client.api.KeyValueWatchOption;
import io.nats.client.api.KeyValueWatcher;
import io.nats.client.impl.NatsKeyValueWatchSubscription;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.OptionalLong;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * The bucket of slots and wishes. Every method throws {@link IOException} when NATS does not
 * answer, and then what was written may be there or not. Thread-safe.
 */
final class SlotBucket {
  private static final int WRONG_LAST_SEQUENCE = 10071;
  private static final int SECONDS = 5;

  private final Connection nats;
  private final KeyValue bucket;

  SlotBucket(Connection nats) throws IOException {
    this.nats = nats;
    this.bucket = nats.keyValue(ChainNames.SLOTS_BUCKET);
  }

  static String slotKey(String endpoint, int number) {
    return endpoint + ".slot." + number;
  }

  static String wishKey(String endpoint, String id) {
    return endpoint + ".wish." + id;
  }

  /** All entries of an endpoint, as they are now. */
  List<Observation.Entry> read(String endpoint)
      throws IOException, JetStreamApiException, InterruptedException {
    List<Observation.Entry> entries = Collections.synchronizedList(new ArrayList<>());
    CountDownLatch end = new CountDownLatch(1);
    KeyValueWatcher watcher =
        new KeyValueWatcher() {
          @Override
          public void watch(KeyValueEntry entry) {
            byte[] value = entry.getValue();
            if (value != null) {
              entries.add(new Observation.Entry(entry.getKey(), entry.getRevision(), value));
            }
          }

          @Override
          public void endOfData() {
            end.countDown();
          }
        };
    NatsKeyValueWatchSubscription watch =
        bucket.watch(endpoint + ".>", watcher, KeyValueWatchOption.IGNORE_DELETE);
    try {
      if (!end.await(SECONDS, TimeUnit.SECONDS)) {
        throw new IOException("NATS did not list the bucket " + ChainNames.SLOTS_BUCKET);
      }
    } finally {
      watch.unsubscribe();
    }
    synchronized (entries) {
      return List.copyOf(entries);
    }
  }

  /** Writes an entry that is not there; empty if it is. */
  OptionalLong create(String key, Slot slot) throws IOException, JetStreamApiException {
    return unlessWritten(() -> bucket.create(key, WireJson.bytes(slot)));
  }

  /** Writes over the entry of a revision; empty if another is there. */
  OptionalLong update(String key, Slot slot, long revision)
      throws IOException, JetStreamApiException {
    return unlessWritten(() -> bucket.update(key, WireJson.bytes(slot), revision));
  }

  /** Deletes the entry of a revision; false if another is there. */
  boolean delete(String key, long revision) throws IOException, JetStreamApiException {
    return unlessWritten(
            () -> {
              bucket.delete(key, revision);
              return 0;
            })
        .isPresent();
  }

  /** The revision of a slot's entry if it is of this taking; empty if not, or there is none. */
  OptionalLong revision(String key, String id) throws IOException, JetStreamApiException {
    KeyValueEntry entry = bucket.get(key);
    return entry != null
            && entry.getValue() != null
            && WireJson.parse(entry.getValue(), Slot.class).id().equals(id)
        ? OptionalLong.of(entry.getRevision())
        : OptionalLong.empty();
  }

  void wish(String endpoint, Wish wish) throws IOException, JetStreamApiException {
    bucket.put(wishKey(endpoint, wish.id()), WireJson.bytes(wish));
  }

  /** Removes a wish and what a deletion would leave behind: there are ever new ones. */
  void forgetWish(String key) throws IOException, JetStreamApiException {
    nats.jetStreamManagement()
        .purgeStream(
            "KV_" + ChainNames.SLOTS_BUCKET,
            PurgeOptions.subject("$KV." + ChainNames.SLOTS_BUCKET + "." + key));
  }

  private interface Write {
    long run() throws IOException, JetStreamApiException;
  }

  private static OptionalLong unlessWritten(Write write) throws IOException, JetStreamApiException {
    try {
      return OptionalLong.of(write.run());
    } catch (JetStreamApiException e) {
      if (e.getApiErrorCode() == WRONG_LAST_SEQUENCE) {
        return OptionalLong.empty();
      }
      throw e;
    }
  }
}
