package dev.drover.worker.rules;

import dev.cel.common.types.CelType;
import dev.cel.common.types.SimpleType;
import dev.drover.wire.schema.Column;
import dev.drover.wire.schema.ColumnType;
import dev.drover.wire.schema.NativeType;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The column that an expression's result is kept in. A field that is there keeps its type, with the
 * database's name of it, if CEL sees both as one type: an int stays within its column's width, an
 * enum set to a text stays an enum, a date set to a timestamp stays a date. But nothing keeps a
 * result to a column's scale or length, so it has none. Else it takes the expression's natural
 * type.
 */
final class ResultColumn {
  private ResultColumn() {}

  /**
   * The column, or empty if no column can hold such a result.
   *
   * @param present the field as it is before, if it is there
   */
  static Optional<Column> of(
      String field, CelType type, boolean nullable, @Nullable Column present) {
    if (present != null
        && (type.equals(SimpleType.NULL_TYPE) || type.equals(CelForm.typeOf(present.type())))) {
      String unbounded = NativeType.of(present.nativeType()).unbounded().toString();
      return Optional.of(new Column(field, present.type(), nullable, unbounded));
    }
    return switch (type.kind()) {
      case INT -> column(field, ColumnType.BIGINT, nullable, "bigint");
      case DOUBLE -> column(field, ColumnType.DOUBLE, nullable, "double precision");
      case BOOL -> column(field, ColumnType.BOOLEAN, nullable, "boolean");
      case STRING -> column(field, ColumnType.TEXT, nullable, "text");
      case BYTES -> column(field, ColumnType.BYTES, nullable, "bytea");
      case TIMESTAMP -> column(field, ColumnType.TIMESTAMPTZ, nullable, "timestamp with time zone");
      case OPAQUE ->
          type.name().equals(Decimal.TYPE.name())
              ? column(field, ColumnType.DECIMAL, nullable, "numeric")
              : Optional.empty();
      default -> Optional.empty();
    };
  }

  /** What to write instead of an expression of a type that no column can hold. */
  static String advice(CelType type) {
    return switch (type.kind()) {
      case LIST -> "make it one value, such as by .join(',') or [0]";
      case MAP -> "take one value out of it";
      case DURATION -> "convert it, such as by string(...) or .getSeconds()";
      case UINT -> "convert it by int(...)";
      case DYN, ANY -> "say which type it is, such as by string(...), int(...) or decimal(...)";
      case NULL_TYPE ->
          "a new field needs a type: give it a value for some records, or leave it out";
      default -> "a field holds an int, double, decimal, bool, string, bytes or timestamp";
    };
  }

  private static Optional<Column> column(
      String field, ColumnType type, boolean nullable, String nativeType) {
    return Optional.of(new Column(field, type, nullable, nativeType));
  }
}
