package dev.drover.worker.lookup;

import org.jspecify.annotations.Nullable;

/** What was found for one key. */
public sealed interface Answer {
  /**
   * One row, or a document.
   *
   * @param values of its columns, of the classes that {@link dev.drover.wire.schema.ColumnType}
   *     names; not to be changed
   */
  record Found(@Nullable Object[] values) implements Answer {}

  /** Nothing. */
  record Missing() implements Answer {}

  /** More than one row. */
  record Ambiguous() implements Answer {}

  /**
   * There is no answer for this key alone, as where the query cannot cast it, the server refuses it
   * or what it says is of another type.
   *
   * @param why for people; holds no value
   */
  record Refused(String why) implements Answer {}
}
