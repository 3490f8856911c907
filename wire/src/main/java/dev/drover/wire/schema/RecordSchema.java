package dev.drover.wire.schema;

import com.fasterxml.jackson.annotation.JsonIgnore;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.OptionalInt;

/**
 * The shape of the records of one batch: their table and columns, in order. Immutable and
 * thread-safe.
 *
 * @param table the source table, {@code schema.name}
 * @param columns the columns, in the order of a row's array
 */
public record RecordSchema(String table, List<Column> columns) {
  public RecordSchema {
    Objects.requireNonNull(table, "table");
    columns = List.copyOf(columns);
    Map<String, Column> seen = new HashMap<>();
    for (Column column : columns) {
      if (seen.put(column.name(), column) != null) {
        throw new IllegalArgumentException(
            "table " + table + ": column " + column.name() + " occurs twice");
      }
    }
  }

  /** The position of a column in a row, or empty if there is none of that name. */
  public OptionalInt indexOf(String column) {
    for (int i = 0; i < columns.size(); i++) {
      if (columns.get(i).name().equals(column)) {
        return OptionalInt.of(i);
      }
    }
    return OptionalInt.empty();
  }

  /** Names of the columns, in order. */
  @JsonIgnore
  public List<String> columnNames() {
    return columns.stream().map(Column::name).toList();
  }

  /**
   * A short hash of this schema that names it in message headers: 16 hex digits, the first 64 bits
   * of the SHA-256 of {@link AvroSchema#of}.
   */
  @JsonIgnore
  public String fingerprint() {
    return Fingerprints.of(AvroSchema.of(this));
  }
}
