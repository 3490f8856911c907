package dev.drover.wire.batch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.drover.wire.schema.AvroSchema;
import dev.drover.wire.schema.Column;
import dev.drover.wire.schema.ColumnType;
import dev.drover.wire.schema.RecordSchema;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.UUID;
import org.apache.avro.Schema;
import org.apache.avro.generic.GenericDatumReader;
import org.apache.avro.generic.GenericRecord;
import org.apache.avro.io.BinaryDecoder;
import org.apache.avro.io.DecoderFactory;
import org.junit.jupiter.api.Test;

/** What our own codec writes, Apache's Avro reads by the schema we publish, and so do we. */
class AvroCompatibilityTest {
  private static final RecordSchema EVERY_TYPE = everyType();

  @Test
  void any_avro_library_reads_a_batch_by_its_published_schema() throws Exception {
    List<Row> rows = randomRows(200);
    byte[] bytes = write(EVERY_TYPE, rows);

    Schema schema = new Schema.Parser().parse(AvroSchema.of(EVERY_TYPE));
    GenericDatumReader<GenericRecord> reader = new GenericDatumReader<>(schema);
    BinaryDecoder decoder = DecoderFactory.get().binaryDecoder(bytes, null);
    for (Row row : rows) {
      GenericRecord read = reader.read(null, decoder);
      assertThat(read.get(AvroSchema.POSITION)).isEqualTo(row.position());
      assertThat(read.get(AvroSchema.KEY)).hasToString(row.key());
      for (int i = 0; i < row.values().length; i++) {
        assertThat(plain(read.get("c" + i)))
            .as(EVERY_TYPE.columns().get(i).name())
            .isEqualTo(plain(row.values()[i]));
      }
    }
    assertThat(decoder.isEnd()).isTrue();
  }

  @Test
  void rows_come_back_as_they_were_written() {
    List<Row> rows = randomRows(500);

    List<Row> read = RowReader.readAll(EVERY_TYPE, write(EVERY_TYPE, rows));

    assertThat(read).hasSameSizeAs(rows);
    for (int i = 0; i < rows.size(); i++) {
      assertThat(read.get(i).position()).isEqualTo(rows.get(i).position());
      assertThat(read.get(i).key()).isEqualTo(rows.get(i).key());
      assertThat(read.get(i).values()).isEqualTo(rows.get(i).values());
    }
  }

  @Test
  void a_schema_survives_its_avro_form() {
    assertThat(AvroSchema.parse(AvroSchema.of(EVERY_TYPE))).isEqualTo(EVERY_TYPE);
    assertThat(AvroSchema.parse(AvroSchema.of(EVERY_TYPE)).fingerprint())
        .isEqualTo(EVERY_TYPE.fingerprint());
  }

  @Test
  void a_null_in_a_required_column_is_refused_and_leaves_the_writer_as_it_was() {
    RecordSchema schema =
        new RecordSchema("s.t", List.of(new Column("id", ColumnType.INTEGER, false, "integer")));
    RowWriter writer = new RowWriter(schema, 16);
    writer.append(new Row(0, "1", new Object[] {1}));
    int size = writer.size();

    assertThatThrownBy(() -> writer.append(new Row(1, "2", new Object[] {null})))
        .isInstanceOf(RowWriter.NullInRequiredColumnException.class)
        .hasMessageContaining("id");
    assertThat(writer.size()).isEqualTo(size);
    assertThat(writer.rows()).isEqualTo(1);
  }

  @Test
  void cut_bytes_are_refused_rather_than_read_wrongly() {
    byte[] bytes = write(EVERY_TYPE, randomRows(1));
    byte[] cut = java.util.Arrays.copyOf(bytes, bytes.length - 1);

    assertThatThrownBy(() -> RowReader.readAll(EVERY_TYPE, cut))
        .isInstanceOf(IllegalArgumentException.class);
  }

  private static byte[] write(RecordSchema schema, List<Row> rows) {
    RowWriter writer = new RowWriter(schema, 16);
    rows.forEach(writer::append);
    return writer.toByteArray();
  }

  private static Object plain(Object value) {
    return switch (value) {
      case null -> null;
      case ByteBuffer b -> b;
      case byte[] b -> ByteBuffer.wrap(b);
      case UUID u ->
          ByteBuffer.allocate(16)
              .putLong(u.getMostSignificantBits())
              .putLong(u.getLeastSignificantBits())
              .flip();
      case org.apache.avro.generic.GenericFixed f -> ByteBuffer.wrap(f.bytes());
      case CharSequence c -> c.toString();
      default -> value;
    };
  }

  private static RecordSchema everyType() {
    List<Column> columns = new ArrayList<>();
    for (ColumnType type : ColumnType.values()) {
      columns.add(new Column("a " + type, type, false, type.name().toLowerCase()));
      columns.add(new Column("n " + type, type, true, type.name().toLowerCase()));
    }
    return new RecordSchema("public.every type", columns);
  }

  private static List<Row> randomRows(int count) {
    Random random = new Random(42);
    List<Row> rows = new ArrayList<>();
    for (int r = 0; r < count; r++) {
      Object[] values = new Object[EVERY_TYPE.columns().size()];
      for (int i = 0; i < values.length; i++) {
        Column column = EVERY_TYPE.columns().get(i);
        values[i] = column.nullable() && random.nextBoolean() ? null : value(column, random);
      }
      rows.add(new Row(r, "kéy-" + r, values));
    }
    return rows;
  }

  private static Object value(Column column, Random random) {
    return switch (column.type()) {
      case BOOLEAN -> random.nextBoolean();
      case SMALLINT -> (int) (short) random.nextInt();
      case INTEGER, DATE -> random.nextInt(10) == 0 ? Integer.MAX_VALUE : random.nextInt();
      case BIGINT, TIME, TIMESTAMP, TIMESTAMPTZ ->
          random.nextInt(10) == 0 ? Long.MIN_VALUE : random.nextLong();
      case REAL -> random.nextInt(5) == 0 ? Float.NaN : random.nextFloat();
      case DOUBLE -> random.nextInt(5) == 0 ? Double.NEGATIVE_INFINITY : random.nextDouble();
      case UUID -> new UUID(random.nextLong(), random.nextLong());
      case BYTES -> {
        byte[] bytes = new byte[random.nextInt(300)];
        random.nextBytes(bytes);
        yield bytes;
      }
      case DECIMAL, TEXT, JSON, ENUM, ARRAY, OTHER -> text(random);
    };
  }

  private static String text(Random random) {
    return switch (random.nextInt(4)) {
      case 0 -> "";
      case 1 -> "plain ascii " + random.nextLong();
      case 2 -> "Grüße, 世界, 🐂";
      default -> "x".repeat(random.nextInt(500)) + "é";
    };
  }
}
