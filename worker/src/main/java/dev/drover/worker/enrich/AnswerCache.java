package dev.drover.worker.enrich;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import com.github.benmanes.caffeine.cache.Ticker;
import com.github.benmanes.caffeine.cache.Weigher;
import dev.drover.wire.plan.StageSpec;
import dev.drover.worker.lookup.Answer;
import java.nio.ByteBuffer;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * Answers that a worker keeps for a while, also that there is no row. What was refused is not kept.
 * They are bounded by their number and by their bytes, whichever comes first. Thread-safe.
 */
final class AnswerCache {
  /** The part of the heap that answers may fill: batches need the rest. */
  private static final int PART_OF_HEAP = 4;

  /** Bytes of an entry beside its key's and its values' own: the cache's node, records, buffer. */
  private static final int ENTRY_BYTES = 300;

  /** Bytes of a value that is no text and no bytes, at most. */
  private static final int VALUE_BYTES = 32;

  private final @Nullable Cache<Key, Answer> kept;

  /** A key of one schema's records: the same bytes may mean something else in another's. */
  private record Key(String revision, String table, ByteBuffer name) {}

  /**
   * @param terms how many answers and how long; null to keep none
   */
  AnswerCache(StageSpec.@Nullable Cache terms, Ticker ticker) {
    this(terms, Runtime.getRuntime().maxMemory() / PART_OF_HEAP, ticker);
  }

  /**
   * The same with a bound of one's own.
   *
   * @param mostBytes about how many bytes of the heap all answers may take, above 0; beyond 2 GiB
   *     it is 2 GiB
   */
  AnswerCache(StageSpec.@Nullable Cache terms, long mostBytes, Ticker ticker) {
    this.kept =
        terms == null
            ? null
            : Caffeine.newBuilder()
                .maximumWeight(most(mostBytes))
                .weigher(weigher(most(mostBytes), terms.maxEntries()))
                .expireAfterWrite(Duration.ofSeconds(terms.ttlSeconds()))
                .ticker(ticker)
                .build();
  }

  private static int most(long bytes) {
    return Math.clamp(bytes, 1, Integer.MAX_VALUE);
  }

  /** A cache has one bound: so none weighs less than its share if there are as many as may be. */
  private static Weigher<Key, Answer> weigher(int mostBytes, int mostEntries) {
    int share = Math.max(1, mostBytes / mostEntries); // rounded up, one of them would not fit
    return (key, answer) -> (int) Math.clamp(bytes(key, answer), share, Integer.MAX_VALUE);
  }

  private static long bytes(Key key, Answer answer) {
    long bytes = ENTRY_BYTES + key.name().remaining();
    if (answer instanceof Answer.Found found) {
      for (Object value : found.values()) {
        bytes +=
            VALUE_BYTES
                + switch (value) {
                  case String text -> 2L * text.length();
                  case byte[] raw -> raw.length;
                  case null, default -> 0;
                };
      }
    }
    return bytes;
  }

  /** The answer for a key, if it is kept. */
  @Nullable Answer get(Enrichment of, ByteBuffer name) {
    return kept == null ? null : kept.getIfPresent(key(of, name));
  }

  /** Keeps an answer, in the place of an older one. */
  void put(Enrichment of, ByteBuffer name, Answer answer) {
    if (kept != null && !(answer instanceof Answer.Refused)) {
      kept.put(key(of, name), answer);
    }
  }

  /** Lets go now of what is too much or too old, which else happens by and by. */
  void trim() {
    if (kept != null) {
      kept.cleanUp();
    }
  }

  private static Key key(Enrichment of, ByteBuffer name) {
    return new Key(of.revision(), of.input().fingerprint(), name);
  }
}
