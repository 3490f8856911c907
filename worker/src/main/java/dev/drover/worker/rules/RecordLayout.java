package dev.drover.worker.rules;

import com.google.common.collect.ImmutableSet;
import dev.cel.common.types.CelType;
import dev.cel.common.types.SimpleType;
import dev.cel.common.types.StructType;
import dev.drover.wire.schema.Column;
import dev.drover.wire.schema.RecordSchema;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Which fields {@code record} has at one point of a chain of steps, in order, and where in the
 * working array each one's value lies. Every field is nullable to CEL, whatever the column says, so
 * that {@code record.note == null} may be written for any; whether a null can really occur is told
 * by {@link Column#nullable}. Immutable and thread-safe.
 */
final class RecordLayout {
  private final String table;
  private final Map<String, Field> fields;
  private final StructType type;

  /**
   * One field.
   *
   * @param slot where its value lies in the working array
   * @param column its name and type; null if a step that gives it could not be compiled, so that
   *     later steps can't be judged by it
   */
  record Field(int slot, @Nullable Column column) {
    boolean known() {
      return column != null;
    }

    boolean nullable() {
      return column == null || column.nullable();
    }

    CelType celType() {
      return column == null ? SimpleType.DYN : CelForm.nullable(CelForm.typeOf(column.type()));
    }
  }

  @SuppressWarnings("Immutable") // Nobody writes to the map once it is here.
  private RecordLayout(String table, Map<String, Field> fields) {
    this.table = table;
    this.fields = fields;
    // A blank keeps the name out of reach of expressions, which then can't construct one.
    this.type =
        StructType.create(
            "record of " + table,
            ImmutableSet.copyOf(fields.keySet()),
            name -> Optional.ofNullable(fields.get(name)).map(Field::celType));
  }

  /** The fields of a schema, in the slots of its columns. */
  static RecordLayout of(RecordSchema schema) {
    Map<String, Field> fields = new LinkedHashMap<>();
    for (Column column : schema.columns()) {
      fields.put(column.name(), new Field(fields.size(), column));
    }
    return new RecordLayout(schema.table(), fields);
  }

  String table() {
    return table;
  }

  StructType type() {
    return type;
  }

  @Nullable Field find(String name) {
    return fields.get(name);
  }

  Set<String> names() {
    return fields.keySet();
  }

  /** The schema of these fields. All must be {@linkplain Field#known known}. */
  RecordSchema schema() {
    return new RecordSchema(
        table, fields.values().stream().map(Field::column).map(Objects::requireNonNull).toList());
  }

  /** Slots of the fields, in order. */
  int[] slots() {
    return fields.values().stream().mapToInt(Field::slot).toArray();
  }

  /** With a field replaced in its place, or added at the end. */
  RecordLayout with(String name, Field field) {
    Map<String, Field> next = new LinkedHashMap<>(fields);
    next.put(name, field);
    return new RecordLayout(table, next);
  }

  /** Without a field. */
  RecordLayout without(String name) {
    Map<String, Field> next = new LinkedHashMap<>(fields);
    next.remove(name);
    return new RecordLayout(table, next);
  }

  /** With a field renamed in its place. */
  RecordLayout renamed(String from, String to) {
    Map<String, Field> next = new LinkedHashMap<>();
    fields.forEach(
        (name, field) -> {
          Column column = field.column();
          if (!name.equals(from)) {
            next.put(name, field);
          } else {
            next.put(to, new Field(field.slot(), column == null ? null : column.named(to)));
          }
        });
    return new RecordLayout(table, next);
  }

  /** With the given fields known not to be null. */
  RecordLayout notNull(Set<String> names) {
    RecordLayout next = this;
    for (String name : List.copyOf(names)) {
      Field field = fields.get(name);
      Column column = field == null ? null : field.column();
      if (field != null && column != null && column.nullable()) {
        Column certain = new Column(column.name(), column.type(), false, column.nativeType());
        next = next.with(name, new Field(field.slot(), certain));
      }
    }
    return next;
  }
}
