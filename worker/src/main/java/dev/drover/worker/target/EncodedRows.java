package dev.drover.worker.target;

import dev.drover.wire.batch.Row;
import dev.drover.wire.schema.Column;
import dev.drover.wire.schema.ColumnType;
import dev.drover.wire.schema.RecordSchema;
import dev.drover.worker.postgres.PgText;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Rows of one column list in {@code COPY}'s text format, each rendered once, when it is first
 * needed, however often it is sent. Row {@code i} is {@code bytes[start(i), start(i + 1))}. Not
 * thread-safe.
 */
final class EncodedRows {
  private final List<String> columns;
  private final ColumnType[][] types;
  private final List<List<Row>> batches;
  private final CopyBuffer buffer;
  private final StringBuilder scratch = new StringBuilder(64);
  private final int[] starts;
  private final int size;

  /** How many rows are rendered, and where the next one is. */
  private int rendered;

  private int batch;
  private int rowOfBatch;

  private EncodedRows(
      List<String> columns,
      ColumnType[][] types,
      List<List<Row>> batches,
      CopyBuffer buffer,
      int size) {
    this.columns = columns;
    this.types = types;
    this.batches = batches;
    this.buffer = buffer;
    this.size = size;
    this.starts = new int[size + 1];
    buffer.clear();
  }

  /**
   * The rows of batches, one after the other.
   *
   * @param batches at least one, all with the same column names in the same order
   * @param buffer where to render; cleared, and owned by the result until its last use
   */
  static EncodedRows of(List<LoadBatch> batches, CopyBuffer buffer) {
    return new EncodedRows(
        batches.getFirst().schema().columnNames(),
        batches.stream().map(b -> types(b.schema())).toArray(ColumnType[][]::new),
        batches.stream().map(LoadBatch::rows).toList(),
        buffer,
        batches.stream().mapToInt(b -> b.rows().size()).sum());
  }

  private static ColumnType[] types(RecordSchema schema) {
    return schema.columns().stream().map(Column::type).toArray(ColumnType[]::new);
  }

  /** Some of these rows, in the given order, in a buffer of their own. */
  EncodedRows pick(List<Integer> rows) {
    EncodedRows picked =
        new EncodedRows(
            columns, new ColumnType[0][], List.of(), new CopyBuffer(1 << 12), rows.size());
    for (int row : rows) {
      int end = start(row + 1);
      picked.buffer.encoded(bytes(), start(row), end);
      picked.starts[++picked.rendered] = picked.buffer.length();
    }
    return picked;
  }

  List<String> columns() {
    return columns;
  }

  int size() {
    return size;
  }

  /** The bytes rendered so far; replaced when more are. */
  byte[] bytes() {
    return buffer.bytes();
  }

  /** Where a row begins, and where the one before it ends; renders all rows before it. */
  int start(int row) {
    while (rendered < row) {
      renderNext();
    }
    return starts[row];
  }

  /** The end of the shortest run of rows from {@code from} with some bytes, at most {@code to}. */
  int upTo(int from, int to, int bytes) {
    int enough = start(from) + bytes;
    int row = from;
    while (row < to && start(row) < enough) {
      row++;
    }
    return row;
  }

  private void renderNext() {
    while (rowOfBatch == batches.get(batch).size()) {
      batch++;
      rowOfBatch = 0;
    }
    render(types[batch], batches.get(batch).get(rowOfBatch++).values());
    starts[++rendered] = buffer.length();
  }

  /** Hot. */
  private void render(ColumnType[] types, @Nullable Object[] values) {
    for (int i = 0; i < types.length; i++) {
      if (i > 0) {
        buffer.separator();
      }
      Object value = values[i];
      if (value == null) {
        buffer.nothing();
      } else {
        render(types[i], value);
      }
    }
    buffer.endOfRow();
  }

  private void render(ColumnType type, Object value) {
    switch (type) {
      case SMALLINT, INTEGER -> buffer.number((Integer) value);
      case BIGINT -> buffer.number((Long) value);
      case TEXT, DECIMAL, JSON, ENUM, ARRAY, OTHER -> buffer.text((String) value);
      case BYTES -> buffer.hex((byte[]) value);
      case BOOLEAN, REAL, DOUBLE, DATE, TIME, TIMESTAMP, TIMESTAMPTZ, UUID -> {
        scratch.setLength(0);
        PgText.append(scratch, type, value);
        buffer.ascii(scratch);
      }
    }
  }
}
