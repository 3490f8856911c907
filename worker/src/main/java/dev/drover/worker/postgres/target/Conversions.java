package dev.drover.worker.postgres.target;

import dev.drover.wire.schema.ColumnType;

/**
 * Which types a column takes. A value travels as text that the target's own input function reads,
 * so what is judged here is only whether that can work at all.
 */
final class Conversions {
  private Conversions() {}

  /** Whether some value of one type may become a value of the other; text may become anything. */
  static boolean possible(ColumnType from, ColumnType to) {
    if (from == to || to == ColumnType.TEXT || to == ColumnType.OTHER) {
      return true;
    }
    return switch (from) {
      case TEXT, ENUM, JSON, OTHER -> true;
      case BOOLEAN -> to == ColumnType.ENUM || to == ColumnType.JSON;
      case SMALLINT, INTEGER, BIGINT, REAL, DOUBLE, DECIMAL ->
          isNumber(to) || to == ColumnType.ENUM || to == ColumnType.JSON;
      case DATE -> to == ColumnType.TIMESTAMP || to == ColumnType.TIMESTAMPTZ;
      case TIMESTAMP, TIMESTAMPTZ -> isPointInTime(to) || to == ColumnType.TIME;
      case TIME, UUID, BYTES, ARRAY -> false;
    };
  }

  /** Whether an instant becomes a clock's reading or the other way round, which takes a zone. */
  static boolean crossesZones(ColumnType from, ColumnType to) {
    return switch (from) {
      case TIMESTAMPTZ ->
          to == ColumnType.TIMESTAMP || to == ColumnType.DATE || to == ColumnType.TIME;
      case TIMESTAMP -> to == ColumnType.TIMESTAMPTZ;
      default -> false;
    };
  }

  /**
   * Whether a rule's value goes into a column without anything being lost or left to chance: rules
   * have few types, and a conversion for each.
   */
  static boolean computedFits(ColumnType from, ColumnType to) {
    return switch (to) {
      case BOOLEAN, BYTES, TEXT -> from == to;
      case SMALLINT, INTEGER, BIGINT -> isInteger(from);
      case REAL, DOUBLE, DECIMAL -> isNumber(from);
      case TIMESTAMP, TIMESTAMPTZ, DATE -> isPointInTime(from) || from == ColumnType.TEXT;
      case TIME, UUID, JSON, ENUM, ARRAY, OTHER -> possible(from, to);
    };
  }

  /** What a rule's type is called in rules. */
  static String ruleType(ColumnType type) {
    return switch (type) {
      case BOOLEAN -> "bool";
      case SMALLINT, INTEGER, BIGINT -> "int";
      case REAL, DOUBLE -> "double";
      case DECIMAL -> "decimal";
      case BYTES -> "bytes";
      case DATE, TIMESTAMP, TIMESTAMPTZ -> "timestamp";
      case TEXT, TIME, UUID, JSON, ENUM, ARRAY, OTHER -> "string";
    };
  }

  private static boolean isInteger(ColumnType type) {
    return switch (type) {
      case SMALLINT, INTEGER, BIGINT -> true;
      default -> false;
    };
  }

  private static boolean isNumber(ColumnType type) {
    return switch (type) {
      case SMALLINT, INTEGER, BIGINT, REAL, DOUBLE, DECIMAL -> true;
      default -> false;
    };
  }

  private static boolean isPointInTime(ColumnType type) {
    return switch (type) {
      case DATE, TIMESTAMP, TIMESTAMPTZ -> true;
      default -> false;
    };
  }
}
