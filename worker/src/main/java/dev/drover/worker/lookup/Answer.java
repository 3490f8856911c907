package dev.drover.worker.lookup;

import org.jspecify.annotations.Nullable;

/** What a query found for one key. */
public sealed interface Answer {
  /**
   * One row.
   *
   * @param values of its columns, of the classes that {@link dev.drover.wire.schema.ColumnType}
   *     names; not to be changed
   */
  record Found(@Nullable Object[] values) implements Answer {}

  /** No row. */
  record Missing() implements Answer {}

  /** More than one. */
  record Ambiguous() implements Answer {}

  /**
   * The query fails for this key alone, as where it cannot cast it.
   *
   * @param why for people; holds no value
   */
  record Refused(String why) implements Answer {}
}
