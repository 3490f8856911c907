package dev.drover.worker.plan;

import static org.assertj.core.api.Assertions.assertThat;

import dev.drover.wire.plan.Step;
import dev.drover.wire.schema.Column;
import dev.drover.wire.schema.ColumnType;
import dev.drover.wire.schema.RecordSchema;
import dev.drover.worker.database.Lineage;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Fields are followed back to the columns that they were. */
class LineageTest {
  private static final Lineage READ =
      Lineage.of(
          new RecordSchema(
              "shop.orders",
              Stream.of("id", "qty", "note")
                  .map(name -> new Column(name, ColumnType.TEXT, false, "text"))
                  .toList()));

  private static Step set(String field) {
    return new Step(
        List.of(), null, null, List.of(new Step.Assignment(field, "'x'")), List.of(), List.of());
  }

  private static Step rename(String from, String to) {
    return new Step(
        List.of("shop.*"), null, null, List.of(), List.of(new Step.Rename(from, to)), List.of());
  }

  private static Step remove(String table, String field) {
    return new Step(List.of(table), null, null, List.of(), List.of(), List.of(field));
  }

  private static Lineage after(Step... steps) {
    return READ.after(List.of(steps), "shop.orders");
  }

  @Test
  void a_renamed_field_is_still_its_column() {
    Lineage lineage = after(rename("id", "a"), rename("a", "b"));
    assertThat(lineage.fieldOf("id")).contains("b");
    assertThat(lineage.unchanged("b")).contains("id");
    assertThat(lineage.unchanged("id")).isEmpty();
  }

  @Test
  void a_computed_field_keeps_its_place_and_not_its_values() {
    Lineage lineage = after(set("qty"), rename("qty", "count"));
    assertThat(lineage.fieldOf("qty")).contains("count");
    assertThat(lineage.unchanged("count")).isEmpty();
  }

  @Test
  void a_new_field_and_one_that_was_removed_come_from_nowhere() {
    Lineage lineage = after(set("fresh"), remove("shop.orders", "note"), set("note"));
    assertThat(lineage.fields()).containsOnlyKeys("id", "qty");
    assertThat(lineage.fieldOf("note")).isEmpty();
  }

  @Test
  void steps_for_other_tables_change_nothing() {
    assertThat(after(remove("shop.lines", "id"))).isEqualTo(READ);
  }
}
