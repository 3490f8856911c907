package dev.drover.wire.state;

import static org.assertj.core.api.Assertions.assertThat;

import dev.drover.wire.names.ChainNames;
import dev.drover.wire.nats.NatsServer;
import dev.drover.wire.plan.ChainPlan;
import dev.drover.wire.plan.KeyRange;
import dev.drover.wire.plan.TablePlan;
import dev.drover.wire.queues.QueueLayout;
import dev.drover.wire.schema.Column;
import dev.drover.wire.schema.ColumnType;
import dev.drover.wire.schema.RecordSchema;
import io.nats.client.Connection;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class StateStoreIT {
  private static TablePlan table(String name, int splits, String key) {
    RecordSchema schema =
        new RecordSchema(name, List.of(new Column("id", ColumnType.TEXT, false, "text")));
    List<KeyRange> ranges = new ArrayList<>();
    List<String> after = null;
    for (int i = 0; i < splits; i++) {
      List<String> upTo = i == splits - 1 ? null : List.of(key + i);
      ranges.add(new KeyRange(after, upTo));
      after = upTo;
    }
    return new TablePlan("read", name, schema, List.of("id"), List.of(), 1000, ranges);
  }

  @Test
  void a_plan_with_more_keys_than_a_message_holds_comes_back_as_it_was() throws Exception {
    try (NatsServer server = NatsServer.start("max_payload: 1MB");
        Connection nats = server.connect()) {
      ChainNames names = ChainNames.of("n", "plans", "u");
      nats.jetStreamManagement().addStream(new QueueLayout(names, 64 << 20, 1).stateBucket());
      StateStore state = StateStore.open(nats, names);
      List<TablePlan> tables =
          List.of(
              table("public.small", 3, "k"),
              table("public.long", 3000, "k".repeat(2000)),
              table("public.other", 1, "k"));
      ChainPlan plan = new ChainPlan(List.of(), tables, Map.of());
      state.putPlan("rev1", plan);
      assertThat(StateStore.open(nats, names).plan("rev1")).contains(plan);
    }
  }

  @Test
  void a_cut_holds_for_good_also_one_with_more_keys_than_a_message_holds() throws Exception {
    try (NatsServer server = NatsServer.start("max_payload: 1MB");
        Connection nats = server.connect()) {
      ChainNames names = ChainNames.of("n", "cuts", "u");
      nats.jetStreamManagement().addStream(new QueueLayout(names, 64 << 20, 1).stateBucket());
      for (int keys : List.of(3, 3000)) {
        TablePlan first = table("public.t" + keys, keys, "k".repeat(2000));
        assertThat(StateStore.open(nats, names).settleCut(first)).isEqualTo(first);
        TablePlan later = table("public.t" + keys, keys + 1, "l".repeat(2000));
        assertThat(StateStore.open(nats, names).settleCut(later)).isEqualTo(first);
      }
    }
  }
}
