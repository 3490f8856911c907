package dev.drover.wire.plan;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A range of keys of a table, in the order that the source gives its key. A key is the list of its
 * columns' values in the source's own text form; for a table without a key it is the one physical
 * row position ({@code ctid}).
 *
 * @param after the range starts above this key; null is open
 * @param upTo the range ends with this key; null is open
 */
public record KeyRange(@Nullable List<String> after, @Nullable List<String> upTo) {
  /** Every key. */
  public static final KeyRange ALL = new KeyRange(null, null);

  public KeyRange {
    after = after == null ? null : List.copyOf(after);
    upTo = upTo == null ? null : List.copyOf(upTo);
  }
}
