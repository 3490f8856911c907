package dev.drover.wire.batch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.drover.wire.schema.Column;
import dev.drover.wire.schema.ColumnType;
import dev.drover.wire.schema.RecordSchema;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class BatchRowsTest {
  private static final RecordSchema SCHEMA =
      new RecordSchema(
          "public.t",
          List.of(
              new Column("id", ColumnType.BIGINT, false, "bigint"),
              new Column("note", ColumnType.TEXT, true, "text")));

  private static byte[] message(int rows) {
    RowWriter writer = new RowWriter(SCHEMA, 64);
    IntStream.range(0, rows)
        .forEach(
            i ->
                writer.append(
                    new Row(i, "k" + i, new Object[] {1L << i, i % 2 == 0 ? null : "ä" + i})));
    return writer.toByteArray();
  }

  @Test
  void a_row_is_found_by_its_index() {
    BatchRows rows = BatchRows.of(SCHEMA, message(40), 40);
    assertThat(rows.size()).isEqualTo(40);
    assertThat(rows.row(39).key()).isEqualTo("k39");
    assertThat(rows.row(39).values()).containsExactly(1L << 39, "ä39");
    assertThat(rows.row(0).values()).containsExactly(1L, null);
  }

  @Test
  void a_message_with_fewer_or_more_rows_than_promised_is_refused() {
    assertThatThrownBy(() -> BatchRows.of(SCHEMA, message(3), 4).row(0))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("fewer");
    assertThatThrownBy(() -> BatchRows.of(SCHEMA, message(3), 2).row(0))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("more");
  }

  @Test
  void a_value_passes_undecoded_also_into_a_column_that_may_not_be_null() {
    RowReader reader = new RowReader(SCHEMA, message(2));
    reader.advance();
    reader.advance();
    RecordSchema narrow =
        new RecordSchema("public.t", List.of(new Column("note", ColumnType.TEXT, false, "text")));
    RowWriter writer = new RowWriter(narrow, 64);
    writer.begin(reader.position(), reader.bytes(), reader.keyStart(), reader.keyEnd());
    writer.copy(reader, 1);
    writer.end();
    Row copied = RowReader.readAll(narrow, writer.toByteArray()).getFirst();
    assertThat(copied.key()).isEqualTo("k1");
    assertThat(copied.values()).containsExactly("ä1");
  }

  @Test
  void a_null_does_not_pass_into_a_column_that_may_not_be_null() {
    RowReader reader = new RowReader(SCHEMA, message(1));
    reader.advance();
    RowWriter writer =
        new RowWriter(
            new RecordSchema(
                "public.t", List.of(new Column("note", ColumnType.TEXT, false, "text"))),
            64);
    writer.begin(0, "k");
    assertThatThrownBy(() -> writer.copy(reader, 1))
        .isInstanceOf(RowWriter.NullInRequiredColumnException.class);
    assertThat(writer.size()).isZero();
  }

  @Test
  void half_a_surrogate_pair_is_not_made_into_a_question_mark() {
    RowWriter writer = new RowWriter(SCHEMA, 64);
    writer.append(new Row(0, "k", new Object[] {1L, "a\ud83db"}));
    RowReader reader = new RowReader(SCHEMA, writer.toByteArray());
    reader.advance();
    byte[] bytes =
        java.util.Arrays.copyOfRange(reader.bytes(), reader.contentStart(1), reader.end(1));
    assertThat(bytes).containsExactly('a', 0xed, 0xa0, 0xbd, 'b');
  }
}
