package dev.drover.wire.schema;

/**
 * The type of a column on the wire. Each constant fixes the Java class that a value has in a {@code
 * Object[]} row and its Avro encoding; {@code null} is a value of every nullable column.
 *
 * <p>Nothing here passes through floating point or a guess from a string: what has no exact binary
 * form of its own travels as the text that the database itself printed.
 */
public enum ColumnType {
  /** {@link Boolean}; Avro {@code boolean}. */
  BOOLEAN,
  /** {@link Integer} within −32768…32767; Avro {@code int}. */
  SMALLINT,
  /** {@link Integer}; Avro {@code int}. */
  INTEGER,
  /** {@link Long}; Avro {@code long}. */
  BIGINT,
  /** {@link Float}, NaN and infinities included; Avro {@code float}. */
  REAL,
  /** {@link Double}, NaN and infinities included; Avro {@code double}. */
  DOUBLE,
  /**
   * {@link String}: plain decimal notation as the source printed it, scale kept ({@code 12.50}), or
   * {@code NaN}, {@code Infinity}, {@code -Infinity}; Avro {@code string}.
   */
  DECIMAL,
  /** {@link String}; Avro {@code string}. Fixed-length strings keep their padding. */
  TEXT,
  /** {@code byte[]}; Avro {@code bytes}. */
  BYTES,
  /**
   * {@link Integer}: days since 1970-01-01, proleptic Gregorian; {@link Integer#MAX_VALUE} is
   * infinity and {@link Integer#MIN_VALUE} minus infinity; Avro {@code int}, logical {@code date}.
   */
  DATE,
  /** {@link Long}: microseconds since midnight, 24:00 included; Avro {@code time-micros}. */
  TIME,
  /**
   * {@link Long}: microseconds since 1970-01-01T00:00 on a clock without a zone; {@link
   * Long#MAX_VALUE} is infinity and {@link Long#MIN_VALUE} minus infinity; Avro {@code
   * local-timestamp-micros}.
   */
  TIMESTAMP,
  /** {@link Long}: as {@link #TIMESTAMP}, but an instant; Avro {@code timestamp-micros}. */
  TIMESTAMPTZ,
  /** {@link java.util.UUID}; Avro {@code fixed(16)}, logical {@code uuid}. */
  UUID,
  /** {@link String}: the document as the source printed it; Avro {@code string}. */
  JSON,
  /** {@link String}: an enum's label; Avro {@code string}, since labels need not be Avro names. */
  ENUM,
  /**
   * {@link String}: an array in the source's own literal form, which keeps dimensions, bounds and
   * nulls; Avro {@code string}.
   */
  ARRAY,
  /** {@link String}: any other type in the source's own text form (interval, inet, timetz, …). */
  OTHER
}
