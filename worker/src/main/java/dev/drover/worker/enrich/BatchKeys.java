package dev.drover.worker.enrich;

import dev.drover.wire.batch.RowReader;
import dev.drover.wire.schema.RecordSchema;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The different keys of a batch, in order of their first record: the same for the same bytes.
 * Immutable.
 *
 * @param names of the keys: the encoded fields one after the other, which no other key has
 * @param values of the keys' fields
 * @param ofRow each record's key, by its place
 */
record BatchKeys(List<ByteBuffer> names, List<@Nullable Object[]> values, List<Integer> ofRow) {
  /**
   * The keys of a batch.
   *
   * @param columns where the key's fields stand in a record
   * @throws IllegalArgumentException if the bytes are not rows of the schema
   */
  static BatchKeys of(RecordSchema schema, byte[] body, int[] columns) {
    Map<ByteBuffer, Integer> places = new LinkedHashMap<>();
    List<@Nullable Object[]> values = new ArrayList<>();
    List<Integer> ofRow = new ArrayList<>();
    RowReader rows = new RowReader(schema, body);
    while (rows.advance()) {
      ByteBuffer name = name(rows, columns);
      Integer place = places.get(name);
      if (place == null) {
        place = places.size();
        places.put(name, place);
        values.add(values(rows, columns));
      }
      ofRow.add(place);
    }
    return new BatchKeys(List.copyOf(places.keySet()), values, ofRow);
  }

  private static ByteBuffer name(RowReader rows, int[] columns) {
    ByteArrayOutputStream name = new ByteArrayOutputStream(16 * columns.length);
    for (int column : columns) {
      int start = rows.fieldStart(column);
      name.write(rows.bytes(), start, rows.end(column) - start);
    }
    return ByteBuffer.wrap(name.toByteArray()).asReadOnlyBuffer();
  }

  private static @Nullable Object[] values(RowReader rows, int[] columns) {
    @Nullable Object[] values = new Object[columns.length];
    for (int i = 0; i < columns.length; i++) {
      values[i] = rows.value(columns[i]);
    }
    return values;
  }
}
