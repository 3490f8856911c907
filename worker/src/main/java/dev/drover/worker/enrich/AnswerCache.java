package dev.drover.worker.enrich;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import com.github.benmanes.caffeine.cache.Ticker;
import dev.drover.wire.plan.StageSpec;
import dev.drover.worker.lookup.Answer;
import java.nio.ByteBuffer;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * Answers that a worker keeps for a while, also that there is no row. What was refused is not kept.
 * Thread-safe.
 */
final class AnswerCache {
  private final @Nullable Cache<Key, Answer> kept;

  /** A key of one schema's records: the same bytes may mean something else in another's. */
  private record Key(String revision, String table, ByteBuffer name) {}

  /**
   * @param terms how many answers and how long; null to keep none
   */
  AnswerCache(StageSpec.@Nullable Cache terms, Ticker ticker) {
    this.kept =
        terms == null
            ? null
            : Caffeine.newBuilder()
                .maximumSize(terms.maxEntries())
                .expireAfterWrite(Duration.ofSeconds(terms.ttlSeconds()))
                .ticker(ticker)
                .build();
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
