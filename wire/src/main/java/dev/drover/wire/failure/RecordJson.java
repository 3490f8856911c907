package dev.drover.wire.failure;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.drover.wire.schema.Column;
import dev.drover.wire.schema.Limits;
import dev.drover.wire.schema.RecordSchema;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * A record as JSON, for people to read and correct: integers and floats are numbers, booleans are
 * booleans, decimals are strings so that no digit is lost, times are ISO-8601, bytes are base64,
 * everything else is a string. Thread-safe.
 */
public final class RecordJson {
  private static final JsonNodeFactory NODES = JsonNodeFactory.instance;

  /** The most digits before and after the point that a database's numbers have. */
  private static final int WHOLE_DIGITS = 131_072;

  private static final int FRACTION = 16_383;

  private RecordJson() {}

  /**
   * A record to show.
   *
   * @param json its fields
   * @param cut names of fields whose text is shown in part
   */
  public record Shown(ObjectNode json, List<String> cut) {}

  /**
   * Renders a record, with long texts cut so that the whole stays near a size.
   *
   * @param limit about how many characters the texts may have in all
   */
  public static Shown render(RecordSchema schema, @Nullable Object[] values, int limit) {
    ObjectNode json = NODES.objectNode();
    List<String> cut = new ArrayList<>();
    int left = limit;
    for (int i = 0; i < values.length; i++) {
      String name = schema.columns().get(i).name();
      JsonNode node = render(schema.columns().get(i), values[i]);
      if (node.isTextual() && node.asText().length() > Math.max(64, left)) {
        node = NODES.textNode(node.asText().substring(0, Math.max(64, left)) + "…");
        cut.add(name);
      }
      left -= node.isTextual() ? node.asText().length() : 8;
      json.set(name, node);
    }
    return new Shown(json, cut);
  }

  /**
   * Merges a correction over a record (RFC 7386: fields that it does not name stay).
   *
   * @return the corrected values, a new array
   * @throws FieldRefusedException if a field is unknown or its value doesn't fit the column
   */
  public static @Nullable Object[] corrected(
      RecordSchema schema, @Nullable Object[] values, JsonNode correction) {
    if (!correction.isObject()) {
      throw new FieldRefusedException("spec.correction", "must be an object of fields");
    }
    @Nullable Object[] corrected = values.clone();
    for (Iterator<Map.Entry<String, JsonNode>> it = correction.fields(); it.hasNext(); ) {
      Map.Entry<String, JsonNode> field = it.next();
      String path = "spec.correction." + field.getKey();
      OptionalInt index = schema.indexOf(field.getKey());
      if (index.isEmpty()) {
        throw new FieldRefusedException(
            path,
            "the record has no such field; it has " + String.join(", ", schema.columnNames()));
      }
      Column column = schema.columns().get(index.getAsInt());
      corrected[index.getAsInt()] = parse(column, field.getValue(), path);
    }
    return corrected;
  }

  private static JsonNode render(Column column, @Nullable Object value) {
    if (value == null) {
      return NODES.nullNode();
    }
    return switch (column.type()) {
      case BOOLEAN -> NODES.booleanNode((Boolean) value);
      case SMALLINT, INTEGER -> NODES.numberNode((Integer) value);
      case BIGINT -> NODES.numberNode((Long) value);
      case REAL, DOUBLE -> {
        double d = ((Number) value).doubleValue();
        yield Double.isFinite(d) ? NODES.numberNode(d(value)) : NODES.textNode(Double.toString(d));
      }
      case DATE -> NODES.textNode(TimeText.date((Integer) value));
      case TIME -> NODES.textNode(TimeText.time((Long) value));
      case TIMESTAMP -> NODES.textNode(TimeText.timestamp((Long) value));
      case TIMESTAMPTZ -> NODES.textNode(TimeText.instant((Long) value));
      case UUID -> NODES.textNode(value.toString());
      case BYTES -> NODES.textNode(Base64.getEncoder().encodeToString((byte[]) value));
      case DECIMAL, TEXT, JSON, ENUM, ARRAY, OTHER -> NODES.textNode((String) value);
    };
  }

  /** A float's shortest decimal form, not the longer one of the double that equals it. */
  private static double d(Object value) {
    return value instanceof Float f ? Double.parseDouble(f.toString()) : (Double) value;
  }

  private static @Nullable Object parse(Column column, JsonNode node, String path) {
    if (node.isNull()) {
      if (!column.nullable()) {
        throw new FieldRefusedException(path, "the column takes no null");
      }
      return null;
    }
    Object value;
    try {
      value = parse(column, node);
    } catch (RuntimeException e) {
      throw new FieldRefusedException(
          path, "the value does not fit " + column.nativeType() + "; write " + form(column));
    }
    Optional<String> broken = Limits.broken(column, value);
    if (broken.isPresent()) {
      throw new FieldRefusedException(
          path, "the value %s, and is to fit %s".formatted(broken.get(), column.nativeType()));
    }
    return value;
  }

  private static Object parse(Column column, JsonNode node) {
    String text = node.isValueNode() ? node.asText() : node.toString();
    return switch (column.type()) {
      case BOOLEAN -> bool(text);
      case SMALLINT -> (int) Short.parseShort(text);
      case INTEGER -> Integer.parseInt(text);
      case BIGINT -> Long.parseLong(text);
      case REAL -> floatOf(text);
      case DOUBLE -> doubleOf(text);
      case DECIMAL -> decimal(node, text);
      case DATE -> TimeText.parseDate(text);
      case TIME -> TimeText.parseTime(text);
      case TIMESTAMP -> TimeText.parseTimestamp(text);
      case TIMESTAMPTZ -> TimeText.parseInstant(text);
      case UUID -> uuid(text);
      case BYTES -> Base64.getDecoder().decode(text);
      case JSON -> node.isTextual() ? text : node.toString();
      case TEXT, ENUM, ARRAY, OTHER -> string(node);
    };
  }

  /** A number where a text is due is somebody's mistake: 049 would become 49. */
  private static String string(JsonNode node) {
    if (!node.isTextual()) {
      throw new IllegalArgumentException();
    }
    return node.asText();
  }

  private static String decimal(JsonNode node, String text) {
    if (text.equals("NaN") || text.equals("Infinity") || text.equals("-Infinity")) {
      return text;
    }
    BigDecimal number = node.isNumber() ? node.decimalValue() : new BigDecimal(text);
    // Before it is written out: a few characters may stand for a billion digits.
    if ((long) number.precision() - number.scale() > WHOLE_DIGITS || number.scale() > FRACTION) {
      throw new IllegalArgumentException();
    }
    return number.toPlainString();
  }

  private static float floatOf(String text) {
    float number = Float.parseFloat(text);
    requireFinite(Float.isInfinite(number), text);
    return number;
  }

  private static double doubleOf(String text) {
    double number = Double.parseDouble(text);
    requireFinite(Double.isInfinite(number), text);
    return number;
  }

  /** A number that is out of range is not what was written. */
  private static void requireFinite(boolean infinite, String text) {
    if (infinite && !text.endsWith("Infinity")) {
      throw new IllegalArgumentException();
    }
  }

  /** Java's own parser takes shorter ones, and fills them up. */
  private static UUID uuid(String text) {
    UUID uuid = UUID.fromString(text);
    if (!uuid.toString().equalsIgnoreCase(text)) {
      throw new IllegalArgumentException();
    }
    return uuid;
  }

  private static boolean bool(String text) {
    return switch (text) {
      case "true" -> true;
      case "false" -> false;
      default -> throw new IllegalArgumentException();
    };
  }

  private static String form(Column column) {
    return switch (column.type()) {
      case BOOLEAN -> "true or false";
      case SMALLINT, INTEGER, BIGINT -> "a whole number within its range";
      case REAL, DOUBLE -> "a number";
      case DECIMAL -> "a number, as a string to keep every digit: \"12.50\"";
      case DATE -> "a date: \"2026-01-31\"";
      case TIME -> "a time: \"23:59:59.5\"";
      case TIMESTAMP -> "a date and time: \"2026-01-31T23:59:59\"";
      case TIMESTAMPTZ -> "an instant: \"2026-01-31T23:59:59Z\"";
      case UUID -> "a UUID";
      case BYTES -> "bytes in base64";
      case JSON -> "any JSON";
      case TEXT, ENUM, ARRAY, OTHER -> "a string";
    };
  }

  /** A correction that cannot be applied; nothing was changed. */
  public static final class FieldRefusedException extends RuntimeException {
    FieldRefusedException(String path, String why) {
      super(path + ": " + why);
    }
  }
}
