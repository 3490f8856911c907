package dev.drover.worker.text;

import dev.drover.wire.schema.ColumnType;

/** A text is not a value of its column's type. The message says what is; it holds no value. */
public final class UnreadableTextException extends IllegalArgumentException {
  private static final long serialVersionUID = 1L;

  private final ColumnType type;

  UnreadableTextException(ColumnType type, String expected) {
    super("not a value of type " + type + ": expected " + expected);
    this.type = type;
  }

  /** The type that the text should have had. */
  public ColumnType type() {
    return type;
  }
}
