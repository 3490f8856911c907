package dev.drover.worker.rules;

import dev.drover.wire.schema.ColumnType;

/**
 * A date or time that CEL's timestamp has no value for: an infinity, or one outside of the years 1
 * to 9999. It can be carried, and it equals only itself; every other operation on it fails.
 *
 * @param type the column's type
 * @param wire the value as it travels
 */
record BeyondTime(ColumnType type, Object wire) {
  /** What is wrong with an operation on one. */
  static final String TEXT = "a date or time that is infinite or outside of the years 1 to 9999";
}
