package dev.drover.worker.postgres.target;

import dev.drover.wire.schema.ColumnType;

/**
 * One column of a target table, as the login that loads sees it.
 *
 * @param name the column's name
 * @param type the wire type whose text it takes without a conversion; that of the base type for a
 *     domain
 * @param nativeType the database's own name of the type, with modifiers
 * @param storedType that of the type in which values are kept: beneath a domain its base type; for
 *     a composite one those of its fields, as {@code ROW(numeric(10,2),text)}
 * @param nullable whether it takes null
 * @param hasDefault whether it has a value when a row brings none: a default, a generated value or
 *     an identity
 * @param filling who may fill it
 * @param grants what the login may do with it
 */
public record TargetColumn(
    String name,
    ColumnType type,
    String nativeType,
    String storedType,
    boolean nullable,
    boolean hasDefault,
    Filling filling,
    Grants grants) {

  /** Who may fill a column. */
  public enum Filling {
    /** A row may bring a value. */
    Open,
    /** {@code GENERATED ALWAYS AS IDENTITY}: a row's value needs overriding, as loading does. */
    IdentityAlways,
    /** {@code GENERATED ALWAYS AS (…)}: computed from other columns, never written. */
    Computed
  }

  /** What the login may do with a column, by a grant on it or on its table. */
  public record Grants(boolean insert, boolean update, boolean select) {}
}
