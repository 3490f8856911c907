package dev.drover.wire.schema;

import java.util.Objects;

/**
 * One column of a record.
 *
 * @param name the column's name, as in the database
 * @param type how its values travel
 * @param nullable whether {@code null} may occur
 * @param nativeType the database's own name of the type with its modifiers, such as {@code
 *     numeric(10,2)} or {@code integer[]}; for messages and for casts
 */
public record Column(String name, ColumnType type, boolean nullable, String nativeType) {
  public Column {
    Objects.requireNonNull(name, "name");
    Objects.requireNonNull(type, "type");
    Objects.requireNonNull(nativeType, "nativeType");
  }

  /** This column under another name. */
  public Column named(String newName) {
    return new Column(newName, type, nullable, nativeType);
  }
}
