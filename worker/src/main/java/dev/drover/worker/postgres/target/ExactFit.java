package dev.drover.worker.postgres.target;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import dev.drover.wire.schema.Column;
import dev.drover.wire.schema.ColumnType;
import dev.drover.wire.schema.NativeType;
import java.io.IOException;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Finds the values that a column would take and silently change: a database rounds a number to its
 * column's scale, a time to its precision, cuts spaces that are too many, and drops what a type has
 * no room for. Pure.
 */
final class ExactFit {
  private static final Fit EXACT = new Fit.Exact();
  private static final Fit LOSSY = new Fit.Lossy();
  private static final long MICROS_OF_DAY = 86_400_000_000L;
  private static final int MICRO_DIGITS = 6;

  /** A {@code name} is cut to so many bytes. */
  private static final int NAME_BYTES = 63;

  private static final NativeType TEXTS = NativeType.of("text[]");

  private static final JsonFactory STRICT =
      JsonFactory.builder()
          .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
          // As large as a message may be: the server takes what a parser's usual limits do not.
          .streamReadConstraints(
              StreamReadConstraints.builder()
                  .maxNestingDepth(Integer.MAX_VALUE)
                  .maxNumberLength(Integer.MAX_VALUE)
                  .maxNameLength(Integer.MAX_VALUE)
                  .maxStringLength(Integer.MAX_VALUE)
                  .build())
          .build();

  private ExactFit() {}

  /**
   * What a column does to the values of a field.
   *
   * <p>Of the digits of a binary fraction those count that it is printed with: 0.1 stays 0.1. The
   * padding of a {@code character(n)} is no part of a value.
   */
  static Fit of(Column field, TargetColumn column) {
    if (field.nativeType().equals(column.storedType())) {
      return EXACT;
    }
    NativeType from = NativeType.of(field.nativeType());
    NativeType to = NativeType.of(column.storedType());
    Fit fit = of(field.type(), from, column.type(), to);
    // A domain of one name is taken for the same one where nothing else can be told.
    return fit instanceof Fit.Lossy && name(field.nativeType()).equals(name(column.nativeType()))
        ? EXACT
        : fit;
  }

  /** The catalogue leaves out a schema that is on the session's path. */
  private static String name(String type) {
    return type.substring(type.lastIndexOf('.') + 1);
  }

  private static Fit of(ColumnType field, NativeType from, ColumnType column, NativeType to) {
    return switch (field) {
      case DECIMAL, REAL, DOUBLE, SMALLINT, INTEGER, BIGINT -> number(field, from, column, to);
      case TEXT, ENUM, JSON, OTHER -> text(from, column, to);
      case ARRAY -> column == ColumnType.ARRAY ? array(from, to) : text(from, column, to);
      case TIMESTAMP, TIMESTAMPTZ -> instant(from, column, to);
      case TIME -> time(from, column, to);
      case BOOLEAN, BYTES, DATE, UUID -> EXACT;
    };
  }

  private static Fit time(NativeType from, ColumnType column, NativeType to) {
    return switch (column) {
      case TIME -> finer(from, to);
      case OTHER ->
          dropsFields(to)
              ? LOSSY
              : to.base().startsWith("interval") || to.base().equals("time with time zone")
                  ? finer(from, to)
                  : EXACT;
      default -> EXACT;
    };
  }

  private static Fit number(ColumnType field, NativeType from, ColumnType column, NativeType to) {
    return switch (column) {
      case DECIMAL -> decimal(field, from, to);
      case DOUBLE ->
          field == ColumnType.DECIMAL || field == ColumnType.BIGINT
              ? checked(v -> !same(v.toString(), Double.toString(asDouble(v))))
              : EXACT;
      case REAL ->
          field == ColumnType.SMALLINT
              ? EXACT
              : checked(v -> !same(v.toString(), Float.toString((float) asDouble(v))));
      case OTHER -> other(from, to);
      default -> EXACT;
    };
  }

  private static Fit decimal(ColumnType field, NativeType from, NativeType to) {
    int most = to.scale();
    int brought =
        switch (field) {
          case SMALLINT, INTEGER, BIGINT -> 0;
          default -> from.base().equals("numeric") ? from.scale() : Integer.MAX_VALUE;
        };
    return brought <= most ? EXACT : checked(value -> hasMoreDigits(value.toString(), most));
  }

  private static Fit text(NativeType from, ColumnType column, NativeType to) {
    return switch (column) {
      case DECIMAL ->
          to.modifiers().isEmpty()
              ? EXACT
              : checked(v -> hasMoreDigits(((String) v).strip().replace("_", ""), to.scale()));
      case DOUBLE -> checked(v -> !same(((String) v).strip(), Double.toString(asDouble(v))));
      case REAL -> checked(v -> !same(((String) v).strip(), Float.toString((float) asDouble(v))));
      case DATE, TIME, TIMESTAMP, TIMESTAMPTZ ->
          checked(v -> ClockText.isChanged((String) v, column, Math.min(to.scale(), MICRO_DIGITS)));
      case TEXT -> intoText(from, to);
      case JSON ->
          to.base().equals("jsonb") && !from.base().equals("jsonb")
              ? checked(v -> repeatsKeys((String) v))
              : EXACT;
      case ARRAY -> array(TEXTS, to);
      case OTHER -> other(from, to);
      case BOOLEAN, SMALLINT, INTEGER, BIGINT, BYTES, UUID, ENUM -> EXACT;
    };
  }

  private static Fit intoText(NativeType from, NativeType to) {
    if (to.base().equals("name")) {
      return checked(v -> ((String) v).getBytes(StandardCharsets.UTF_8).length > NAME_BYTES);
    }
    boolean padded = from.base().equals("character");
    if (!to.base().equals("character varying") || to.modifiers().isEmpty() || padded) {
      return EXACT;
    }
    int most = to.modifiers().getFirst();
    boolean shorter =
        from.base().equals(to.base())
            && !from.modifiers().isEmpty()
            && from.modifiers().getFirst() <= most;
    return shorter ? EXACT : checked(v -> hasSpacesBehind((String) v, most));
  }

  /** Of the types without a form of their own these change what they take. */
  private static Fit other(NativeType from, NativeType to) {
    if (RecordText.isType(to.base())) {
      return record(to);
    }
    return switch (to.base()) {
      case "\"char\"" -> checked(v -> v.toString().getBytes(StandardCharsets.UTF_8).length > 1);
      case "money" -> LOSSY;
      case "time with time zone" -> timeWithZone(from, to);
      default -> to.base().startsWith("interval") ? interval(from, to) : EXACT;
    };
  }

  private static Fit timeWithZone(NativeType from, NativeType to) {
    return from.base().equals(to.base()) && from.scale() <= to.scale()
        ? EXACT
        : checked(v -> ClockText.isTimeChanged(v.toString(), Math.min(to.scale(), MICRO_DIGITS)));
  }

  private static Fit interval(NativeType from, NativeType to) {
    if (from.base().equals(to.base()) && from.scale() <= to.scale()) {
      return EXACT;
    }
    if (dropsFields(to)) {
      return LOSSY;
    }
    int digits = Math.min(to.scale(), MICRO_DIGITS);
    return checked(v -> ClockText.isFiner(v.toString(), digits));
  }

  /** Whether a type of intervals has no place for the smaller fields. */
  private static boolean dropsFields(NativeType to) {
    return to.base().startsWith("interval ") && !to.base().endsWith("second");
  }

  /** What goes for the texts of elements goes for the array. */
  private static Fit array(NativeType from, NativeType to) {
    NativeType element = from.element();
    NativeType target = to.element();
    if (!to.array()
        || element.equals(target)
        || of(type(element), element, type(target), target) instanceof Fit.Exact) {
      return EXACT;
    }
    return switch (text(element, type(target), target)) {
      case Fit.Exact exact -> exact;
      case Fit.Checked(Predicate<Object> changes) ->
          checked(v -> ArrayText.elements((String) v).anyMatch(changes::test));
      case Fit.Lossy lossy -> lossy;
    };
  }

  /**
   * What goes for the texts of its fields goes for a composite value. Of fields for which nothing
   * can be told it is taken that the source's are of the same type.
   */
  private static Fit record(NativeType to) {
    List<Fit> fits =
        RecordText.types(to.base()).stream()
            .map(NativeType::of)
            .map(
                type -> type.array() ? array(TEXTS, type) : text(TEXTS.element(), type(type), type))
            .toList();
    return fits.stream().anyMatch(fit -> fit instanceof Fit.Checked)
        ? checked(v -> changes(fits, RecordText.fields(v.toString())))
        : EXACT;
  }

  private static boolean changes(List<Fit> fits, List<@Nullable String> fields) {
    for (int i = 0; i < Math.min(fits.size(), fields.size()); i++) {
      String field = fields.get(i);
      if (field != null
          && fits.get(i) instanceof Fit.Checked(Predicate<Object> changes)
          && changes.test(field)) {
        return true;
      }
    }
    return false;
  }

  private static ColumnType type(NativeType element) {
    return switch (element.base()) {
      case "smallint" -> ColumnType.SMALLINT;
      case "integer" -> ColumnType.INTEGER;
      case "bigint" -> ColumnType.BIGINT;
      case "real" -> ColumnType.REAL;
      case "double precision" -> ColumnType.DOUBLE;
      case "numeric" -> ColumnType.DECIMAL;
      case "text", "character varying", "character", "name" -> ColumnType.TEXT;
      case "boolean" -> ColumnType.BOOLEAN;
      case "bytea" -> ColumnType.BYTES;
      case "uuid" -> ColumnType.UUID;
      case "date" -> ColumnType.DATE;
      case "time without time zone" -> ColumnType.TIME;
      case "timestamp without time zone" -> ColumnType.TIMESTAMP;
      case "timestamp with time zone" -> ColumnType.TIMESTAMPTZ;
      case "json", "jsonb" -> ColumnType.JSON;
      default -> ColumnType.OTHER;
    };
  }

  private static Fit instant(NativeType from, ColumnType column, NativeType to) {
    return switch (column) {
      case DATE -> checked(v -> isFinite((Long) v) && (Long) v % MICROS_OF_DAY != 0);
      case TIMESTAMP, TIMESTAMPTZ -> finer(from, to);
      case TIME -> LOSSY;
      case OTHER -> to.base().equals("time with time zone") ? LOSSY : EXACT;
      default -> EXACT;
    };
  }

  private static Fit finer(NativeType from, NativeType to) {
    int brought = from.base().startsWith("time") ? from.scale() : MICRO_DIGITS;
    if (brought <= to.scale()) {
      return EXACT;
    }
    long unit = (long) Math.pow(10, MICRO_DIGITS - to.scale());
    return checked(v -> isFinite((Long) v) && (Long) v % unit != 0);
  }

  private static boolean isFinite(long micros) {
    return micros != Long.MAX_VALUE && micros != Long.MIN_VALUE;
  }

  private static Fit checked(Predicate<Object> changes) {
    return new Fit.Checked(changes);
  }

  /** Of keys that are equal {@code jsonb} keeps the last. What is no JSON the server refuses. */
  private static boolean repeatsKeys(String json) {
    try (JsonParser parser = STRICT.createParser(json)) {
      while (parser.nextToken() != null) {
        // The parser looks at the keys.
      }
      return false;
    } catch (IOException e) {
      return String.valueOf(e.getMessage()).startsWith("Duplicate field");
    }
  }

  /** Anything else that is too long the server refuses by itself. */
  private static boolean hasSpacesBehind(String text, int most) {
    return text.length() > most
        && text.codePointCount(0, text.length()) > most
        && text.substring(text.offsetByCodePoints(0, most)).chars().allMatch(c -> c == ' ');
  }

  /** What is no number is the server's to refuse. */
  private static boolean hasMoreDigits(String number, int scale) {
    int dot = number.indexOf('.');
    boolean plain = scale >= 0 && number.indexOf('e') < 0 && number.indexOf('E') < 0;
    if (plain && (dot < 0 || number.length() - dot - 1 <= scale)) {
      return false;
    }
    try {
      BigDecimal exact = new BigDecimal(number);
      return exact.signum() != 0 && exact.stripTrailingZeros().scale() > scale;
    } catch (NumberFormatException e) {
      return false;
    }
  }

  private static double asDouble(Object value) {
    if (value instanceof Number number) {
      return number.doubleValue();
    }
    try {
      return Double.parseDouble(value.toString());
    } catch (NumberFormatException e) {
      return Double.NaN;
    }
  }

  private static boolean same(String printed, String kept) {
    try {
      return new BigDecimal(printed).compareTo(new BigDecimal(kept)) == 0;
    } catch (NumberFormatException e) {
      // NaN and infinities stay what they are; a number that becomes infinite the server refuses.
      return true;
    }
  }
}
