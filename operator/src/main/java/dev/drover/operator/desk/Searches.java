package dev.drover.operator.desk;

import dev.drover.operator.chain.ChainRef;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * How far the new messages of records that failed again were looked for: by one search for all
 * records of a batch, which goes on where it got to. The {@value #MOST} that were asked for last
 * are kept, each of at most 64 KiB; one that was forgotten begins anew. Thread-safe.
 */
final class Searches {
  private static final int MOST = 128;

  /** Which search. */
  record Key(ChainRef chain, String batch, String subject) {}

  private final Map<Key, Search> searches =
      new LinkedHashMap<>(16, 0.75f, true) {
        @Override
        protected boolean removeEldestEntry(Map.Entry<Key, Search> eldest) {
          return size() > MOST;
        }
      };

  /** A search that may have begun before. */
  synchronized Search of(Key key, long from) {
    return searches.computeIfAbsent(key, k -> new Search(from));
  }
}
