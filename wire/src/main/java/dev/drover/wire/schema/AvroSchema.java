package dev.drover.wire.schema;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;

/**
 * A {@link RecordSchema} as an Avro record schema in JSON, from which any Avro library can read a
 * batch. The record's first two fields are Drover's own: the position in the extracted batch and
 * the source key; then come the user's columns, named {@code c0, c1, …} because a column's name
 * need not be an Avro name, with the real name in {@code drover.column}.
 */
public final class AvroSchema {
  /** Field of the record's position within its extracted batch. */
  public static final String POSITION = "drover_position";

  /** Field of the record's key at the source, as text. */
  public static final String KEY = "drover_key";

  private static final ObjectMapper JSON = new ObjectMapper();

  private AvroSchema() {}

  /** The Avro schema of a record schema, always in the same form for equal schemas. */
  public static String of(RecordSchema schema) {
    ObjectNode record = JSON.createObjectNode();
    record.put("type", "record").put("name", "Row").put("drover.table", schema.table());
    ArrayNode fields = record.putArray("fields");
    fields.addObject().put("name", POSITION).put("type", "int");
    fields.addObject().put("name", KEY).put("type", "string");
    int index = 0;
    for (Column column : schema.columns()) {
      ObjectNode field = fields.addObject();
      field.put("name", "c" + index);
      JsonNode type = avroType(column.type(), index++);
      field.set("type", column.nullable() ? JSON.createArrayNode().add("null").add(type) : type);
      field.put("drover.column", column.name());
      field.put("drover.type", column.type().name());
      field.put("drover.native", column.nativeType());
    }
    return record.toString();
  }

  /**
   * Reads back what {@link #of} wrote.
   *
   * @throws IllegalArgumentException if the text is no schema of Drover's
   */
  public static RecordSchema parse(String json) {
    try {
      JsonNode record = JSON.readTree(json);
      List<Column> columns = new ArrayList<>();
      for (JsonNode field : record.path("fields")) {
        if (field.has("drover.column")) {
          columns.add(
              new Column(
                  field.get("drover.column").asText(),
                  ColumnType.valueOf(field.get("drover.type").asText()),
                  field.get("type").isArray(),
                  field.get("drover.native").asText()));
        }
      }
      return new RecordSchema(record.path("drover.table").asText(), columns);
    } catch (JsonProcessingException e) {
      throw new IllegalArgumentException("not an Avro schema written by Drover", e);
    }
  }

  private static JsonNode avroType(ColumnType type, int index) {
    return switch (type) {
      case BOOLEAN -> JSON.getNodeFactory().textNode("boolean");
      case SMALLINT, INTEGER -> JSON.getNodeFactory().textNode("int");
      case BIGINT -> JSON.getNodeFactory().textNode("long");
      case REAL -> JSON.getNodeFactory().textNode("float");
      case DOUBLE -> JSON.getNodeFactory().textNode("double");
      case BYTES -> JSON.getNodeFactory().textNode("bytes");
      case DATE -> logical("int", "date");
      case TIME -> logical("long", "time-micros");
      case TIMESTAMP -> logical("long", "local-timestamp-micros");
      case TIMESTAMPTZ -> logical("long", "timestamp-micros");
      case UUID -> logical("fixed", "uuid").put("name", "uuid" + index).put("size", 16);
      case DECIMAL, TEXT, JSON, ENUM, ARRAY, OTHER -> JSON.getNodeFactory().textNode("string");
    };
  }

  private static ObjectNode logical(String type, String logicalType) {
    return JSON.createObjectNode().put("type", type).put("logicalType", logicalType);
  }
}
