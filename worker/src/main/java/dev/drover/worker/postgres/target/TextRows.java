package dev.drover.worker.postgres.target;

import dev.drover.wire.batch.RowReader;
import dev.drover.wire.schema.Column;
import dev.drover.wire.schema.ColumnType;
import dev.drover.wire.schema.RecordSchema;
import dev.drover.worker.text.ValueText;
import java.util.Objects;

/** {@code COPY}'s text format. */
record TextRows() implements CopyFormat {
  private static final byte[] NOTHING = {};

  @Override
  public String option() {
    return "";
  }

  @Override
  public byte[] header() {
    return NOTHING;
  }

  @Override
  public byte[] trailer() {
    return NOTHING;
  }

  @Override
  public Encoder encoder(RecordSchema schema) {
    ColumnType[] types = schema.columns().stream().map(Column::type).toArray(ColumnType[]::new);
    return (row, out) -> append(types, row, out);
  }

  private static void append(ColumnType[] types, RowReader row, CopyBuffer out) {
    for (int i = 0; i < types.length; i++) {
      if (i > 0) {
        out.separator();
      }
      if (row.start(i) < 0) {
        out.nothing();
      } else {
        append(types[i], row, i, out);
      }
    }
    out.endOfRow();
  }

  private static void append(ColumnType type, RowReader row, int column, CopyBuffer out) {
    switch (type) {
      case SMALLINT, INTEGER, BIGINT -> out.number(row.longValue(column));
      case TEXT, DECIMAL, JSON, ENUM, ARRAY, OTHER ->
          out.escaped(row.bytes(), row.contentStart(column), row.end(column));
      case BYTES -> out.hex(row.bytes(), row.contentStart(column), row.end(column));
      case BOOLEAN, REAL, DOUBLE, DATE, TIME, TIMESTAMP, TIMESTAMPTZ, UUID -> {
        StringBuilder text = new StringBuilder(36);
        ValueText.append(text, type, Objects.requireNonNull(row.value(column)));
        out.ascii(text);
      }
    }
  }
}
