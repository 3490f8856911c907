package dev.drover.operator.chain;

import static org.assertj.core.api.Assertions.assertThat;

import dev.drover.wire.plan.TablePlan;
import dev.drover.wire.schema.Column;
import dev.drover.wire.schema.ColumnType;
import dev.drover.wire.schema.RecordSchema;
import dev.drover.wire.state.WireJson;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class RekeyedTest {
  private static TablePlan table(String type, List<String> key, @Nullable Long file) {
    RecordSchema schema =
        new RecordSchema("public.item", List.of(new Column("id", ColumnType.INTEGER, false, type)));
    return new TablePlan("read", "public.item", schema, key, List.of(), 100, List.of(), file);
  }

  private static String reason(TablePlan first, TablePlan now) {
    return Rekeyed.is(first, now) ? new Rekeyed(first, now).stall().reason() : "";
  }

  @Test
  void a_key_of_another_type_is_another_key() {
    List<String> key = List.of("id");
    assertThat(reason(table("integer", key, null), table("bigint", key, null)))
        .isEqualTo("KeyChanged");
    assertThat(reason(table("integer", key, null), table("integer", key, null))).isEmpty();
  }

  @Test
  void a_table_without_a_key_is_another_one_when_it_was_rewritten() {
    TablePlan first = table("integer", List.of(), 16_384L);
    assertThat(reason(first, table("integer", List.of(), 16_390L))).isEqualTo("TableRewritten");
    assertThat(reason(first, table("integer", List.of(), 16_384L))).isEmpty();
    assertThat(reason(first, table("integer", List.of(), null)))
        .as("by a planner that did not note it")
        .isEmpty();
  }

  @Test
  void what_a_plan_notes_of_it_comes_through_the_wire() {
    TablePlan first = table("integer", List.of(), 16_384L);
    assertThat(WireJson.parse(WireJson.bytes(first), TablePlan.class)).isEqualTo(first);
    assertThat(first.withSplits(List.of()).file()).isEqualTo(16_384L);
  }
}
