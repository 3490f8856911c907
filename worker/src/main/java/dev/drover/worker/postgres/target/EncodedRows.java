package dev.drover.worker.postgres.target;

import dev.drover.wire.batch.BatchRows;
import dev.drover.wire.batch.RowReader;
import dev.drover.wire.schema.ColumnType;
import dev.drover.worker.text.ValueText;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Rows of one column list in a format of {@code COPY}, each encoded once, when it is first needed,
 * however often it is sent. Row {@code i} is {@code bytes[start(i), start(i + 1))}. Not
 * thread-safe.
 */
final class EncodedRows {
  private final CopyFormat format;
  private final List<String> columns;
  private final List<BatchRows> batches;
  private final CopyBuffer buffer;
  private final int[] starts;
  private final int size;

  /** The rows, by their place among those of all batches; null if they are all of them. */
  private final @Nullable List<Integer> picked;

  /** How many rows are encoded. */
  private int encoded;

  /** The batch that is being encoded, how many of its rows are left, and the one after it. */
  private int nextBatch = 1;

  private BatchRows batch;
  private int left;
  private RowReader reader;
  private CopyFormat.Encoder encoder;

  private EncodedRows(
      CopyFormat format,
      List<String> columns,
      List<BatchRows> batches,
      CopyBuffer buffer,
      int size,
      @Nullable List<Integer> picked) {
    this.format = format;
    this.columns = columns;
    this.batches = batches;
    this.buffer = buffer;
    this.size = size;
    this.picked = picked;
    this.starts = new int[size + 1];
    this.batch = batches.getFirst();
    this.left = batch.size();
    this.reader = batch.reader();
    this.encoder = format.encoder(batch.schema());
    buffer.clear();
  }

  /**
   * The rows of batches, one after the other.
   *
   * @param batches at least one, all with the same column names in the same order
   * @param buffer where to encode; cleared, and owned by the result until its last use
   */
  static EncodedRows of(CopyFormat format, List<BatchRows> batches, CopyBuffer buffer) {
    return new EncodedRows(
        format,
        batches.getFirst().schema().columnNames(),
        batches,
        buffer,
        batches.stream().mapToInt(BatchRows::size).sum(),
        null);
  }

  /** Some of these rows, in the given order, in a buffer of their own. */
  EncodedRows pick(List<Integer> rows) {
    List<Integer> places = rows.stream().map(this::place).toList();
    EncodedRows some =
        new EncodedRows(format, columns, batches, new CopyBuffer(1 << 12), rows.size(), places);
    for (int row : rows) {
      int end = start(row + 1);
      some.buffer.encoded(bytes(), start(row), end);
      some.starts[++some.encoded] = some.buffer.length();
    }
    return some;
  }

  CopyFormat format() {
    return format;
  }

  List<String> columns() {
    return columns;
  }

  int size() {
    return size;
  }

  /** The bytes encoded so far; replaced when more are. */
  byte[] bytes() {
    return buffer.bytes();
  }

  /** Where a row begins, and where the one before it ends; encodes all rows before it. */
  int start(int row) {
    while (encoded < row) {
      encodeNext();
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

  /** The text of a value as the server prints it; null if there is none. Not for the hot path. */
  @Nullable String text(int row, int column) {
    int place = place(row);
    for (BatchRows batch : batches) {
      if (place < batch.size()) {
        Object value = batch.at(place).value(column);
        ColumnType type = batch.schema().columns().get(column).type();
        return value == null ? null : ValueText.render(type, value);
      }
      place -= batch.size();
    }
    throw new IndexOutOfBoundsException(row);
  }

  /** The text of a value, as the other; null too if rows have no such column. */
  @Nullable String text(int row, String column) {
    int index = columns.indexOf(column);
    return index < 0 ? null : text(row, index);
  }

  private int place(int row) {
    return picked == null ? row : picked.get(row);
  }

  private void encodeNext() {
    while (left == 0) {
      batch = batches.get(nextBatch++);
      left = batch.size();
      reader = batch.reader();
      encoder = format.encoder(batch.schema());
    }
    batch.requireNext(reader);
    encoder.append(reader, buffer);
    starts[++encoded] = buffer.length();
    if (--left == 0) {
      batch.requireEnd(reader);
    }
  }
}
