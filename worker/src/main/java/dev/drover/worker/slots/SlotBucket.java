package dev.drover.worker.slots;

import dev.drover.wire.names.ChainNames;
import dev.drover.wire.state.WireJson;
import io.nats.client.Connection;
import io.nats.client.JetStreamApiException;
import io.nats.client.KeyValue;
import io.nats.client.PurgeOptions;
import io.nats.client.api.KeyValueEntry;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.OptionalLong;
import java.util.UUID;
import java.util.function.LongSupplier;

/**
 * The bucket of slots and wishes. Every method throws {@link IOException} when NATS does not
 * answer, and then what was written may be there or not. Thread-safe.
 */
final class SlotBucket {
  private static final int WRONG_LAST_SEQUENCE = 10071;
  private static final String INSTALLATION = "installation";

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

  /** An id of this bucket, that no other has: made with the first slot. */
  String installation() throws IOException, JetStreamApiException {
    KeyValueEntry known = bucket.get(INSTALLATION);
    if (known == null || known.getValue() == null) {
      String id = UUID.randomUUID().toString().substring(0, SlotMark.INSTALLATION);
      if (unlessWritten(() -> bucket.create(INSTALLATION, id.getBytes(StandardCharsets.US_ASCII)))
          .isPresent()) {
        return id;
      }
      known = bucket.get(INSTALLATION);
    }
    String id = known == null ? null : known.getValueAsString();
    if (id == null) {
      throw new IOException("the bucket " + ChainNames.SLOTS_BUCKET + " has just lost its id");
    }
    return id;
  }

  /** Watches all entries of an endpoint. */
  SlotWatch watch(String endpoint, LongSupplier clock)
      throws IOException, JetStreamApiException, InterruptedException {
    return SlotWatch.begin(bucket, endpoint, clock);
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
    return entry != null && entry.getValue() != null && id.equals(idOf(entry.getValue()))
        ? OptionalLong.of(entry.getRevision())
        : OptionalLong.empty();
  }

  private static String idOf(byte[] value) {
    try {
      return String.valueOf(WireJson.parse(value, Slot.class).id());
    } catch (IllegalArgumentException e) {
      return ""; // somebody else's, of another version
    }
  }

  /** Writes a wish; its revision. */
  long wish(String endpoint, Wish wish) throws IOException, JetStreamApiException {
    return bucket.put(wishKey(endpoint, wish.id()), WireJson.bytes(wish));
  }

  /** Ends a wish so that all who watch see it; {@link #clear} must follow later. */
  void endWish(String key) throws IOException, JetStreamApiException {
    bucket.delete(key);
  }

  /** Removes all trace of a wish, without a word to those who watch: there are ever new ones. */
  void clear(String key) throws IOException, JetStreamApiException {
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
