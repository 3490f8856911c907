package dev.drover.worker.postgres.target;

import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * How the values of a column lie in a staging table that takes what the column itself would refuse:
 * as its type without length, precision, domain or check, or as text. Pure.
 *
 * @param type the type of the staging table's column
 * @param cast what turns such a value into the target's type as its input function would, but for
 *     what an assignment does by itself; empty if it does all
 */
record StagedForm(String type, String cast) {
  /**
   * Other types whose cast from text is their input function. Of those with a length an explicit
   * cast cuts what an assignment would refuse.
   */
  private static final Set<String> PLAIN =
      Set.of(
          "inet",
          "cidr",
          "macaddr",
          "macaddr8",
          "interval",
          "time with time zone",
          "point",
          "int4range",
          "int8range",
          "numrange",
          "tsrange",
          "tstzrange",
          "daterange");

  private static final Pattern PLAIN_ARRAY =
      Pattern.compile(
          "(smallint|integer|bigint|real|double precision|numeric|boolean|text|date|uuid|inet|jsonb?"
              + "|bytea|timestamp with(out)? time zone|time without time zone)\\[]");

  /** The form for a column of a target; empty if there is none that is sure to mean the same. */
  static Optional<StagedForm> of(TargetColumn column, CopyFormat format) {
    return format instanceof BinaryRows ? typed(column) : text(column);
  }

  private static Optional<StagedForm> typed(TargetColumn column) {
    return switch (column.type()) {
      case TEXT -> Optional.of(new StagedForm("text", ""));
      case ENUM -> Optional.of(new StagedForm("text", "::" + column.nativeType()));
      case JSON ->
          switch (column.nativeType()) {
            case "json" -> Optional.of(new StagedForm("text", "::json"));
            case "jsonb" -> Optional.of(new StagedForm("jsonb", ""));
            default -> Optional.empty();
          };
      default -> scalar(column).map(type -> new StagedForm(type, ""));
    };
  }

  private static Optional<StagedForm> text(TargetColumn column) {
    Optional<String> cast =
        switch (column.type()) {
          case TEXT -> Optional.of("");
          case ENUM -> Optional.of("::" + column.nativeType());
          case JSON ->
              column.nativeType().equals("json") || column.nativeType().equals("jsonb")
                  ? Optional.of("::" + column.nativeType())
                  : Optional.empty();
          case OTHER ->
              PLAIN.contains(column.nativeType())
                  ? Optional.of("::" + column.nativeType())
                  : Optional.empty();
          case ARRAY ->
              PLAIN_ARRAY.matcher(column.nativeType()).matches()
                  ? Optional.of("::" + column.nativeType())
                  : Optional.empty();
          default -> scalar(column).map(type -> "::" + type);
        };
    return cast.map(c -> new StagedForm("text", c));
  }

  private static Optional<String> scalar(TargetColumn column) {
    return switch (column.type()) {
      case SMALLINT -> Optional.of("smallint");
      case INTEGER -> Optional.of("integer");
      case BIGINT -> Optional.of("bigint");
      case REAL -> Optional.of("real");
      case DOUBLE -> Optional.of("double precision");
      case DECIMAL -> Optional.of("numeric");
      case BOOLEAN -> Optional.of("boolean");
      case DATE -> Optional.of("date");
      case TIME -> Optional.of("time");
      case TIMESTAMP -> Optional.of("timestamp");
      case TIMESTAMPTZ -> Optional.of("timestamptz");
      case UUID -> Optional.of("uuid");
      case BYTES -> Optional.of("bytea");
      case TEXT, ENUM, JSON, ARRAY, OTHER -> Optional.empty();
    };
  }
}
