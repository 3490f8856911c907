package dev.drover.worker.stage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.drover.wire.batch.Row;
import dev.drover.wire.batch.RowReader;
import dev.drover.wire.batch.RowWriter;
import dev.drover.wire.schema.Column;
import dev.drover.wire.schema.ColumnType;
import dev.drover.wire.schema.RecordSchema;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class CutRowsTest {
  private static final RecordSchema SCHEMA =
      new RecordSchema("public.t", List.of(new Column("v", ColumnType.TEXT, false, "text")));
  private final CutRows rows = new CutRows(SCHEMA, 16);

  /** Adds a row of 100 bytes: position, key and text with their lengths. */
  private void addHundred(int position) {
    assertThat(rows.add(w -> w.append(new Row(position, "k", new Object[] {"x".repeat(95)})), 1000))
        .isEqualTo(100);
  }

  private static List<Integer> positions(byte[] body) {
    return RowReader.readAll(SCHEMA, body).stream().map(Row::position).toList();
  }

  @Test
  void rows_that_fit_one_message_are_one_part() {
    for (int i = 0; i < 5; i++) {
      addHundred(i);
    }
    assertThat(rows.parts(500)).containsExactly(5);
    assertThat(rows.parts(499)).containsExactly(4, 1);
    assertThat(rows.parts(250)).containsExactly(2, 2, 1);
  }

  @Test
  void no_rows_are_no_part() {
    assertThat(rows.parts(100)).isEmpty();
    assertThat(rows.cut(List.of())).isEmpty();
  }

  @Test
  void a_row_is_never_cut_even_if_it_is_larger_than_a_part() {
    addHundred(0);
    addHundred(1);
    assertThat(rows.parts(10)).containsExactly(1, 1);
  }

  @Test
  void a_row_that_no_message_can_hold_is_left_out() {
    addHundred(0);
    assertThat(rows.add(w -> w.append(new Row(1, "k", new Object[] {"x".repeat(95)})), 99))
        .isEqualTo(100);
    addHundred(2);
    assertThat(positions(rows.cut(List.of(2)).getFirst())).containsExactly(0, 2);
  }

  @Test
  void a_row_without_a_required_value_leaves_nothing_behind() {
    addHundred(0);
    assertThatThrownBy(() -> rows.add(w -> w.append(new Row(1, "k", new Object[] {null})), 1000))
        .isInstanceOf(RowWriter.NullInRequiredColumnException.class);
    addHundred(2);
    assertThat(positions(rows.cut(List.of(2)).getFirst())).containsExactly(0, 2);
  }

  @Test
  void an_earlier_decisions_cuts_are_made_again_whatever_the_limit_is_now() {
    for (int i = 0; i < 4; i++) {
      addHundred(i);
    }
    List<List<Integer>> bodies = new ArrayList<>();
    rows.cut(List.of(1, 3)).forEach(body -> bodies.add(positions(body)));
    assertThat(bodies).containsExactly(List.of(0), List.of(1, 2, 3));
  }

  @Test
  void cuts_that_promise_other_rows_are_refused() {
    addHundred(0);
    assertThatThrownBy(() -> rows.cut(List.of(2)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("there are 1");
  }
}
