package dev.drover.wire.edges;

import static org.assertj.core.api.Assertions.assertThat;

import dev.drover.wire.plan.ChainSpec;
import dev.drover.wire.plan.StageSpec;
import dev.drover.wire.plan.StageSpec.LoadMode;
import dev.drover.wire.state.WireJson;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class EdgesTest {
  private static final ChainSpec SPEC =
      new ChainSpec(
          List.of(),
          List.of(
              new StageSpec.Extract("read", "legacy", List.of("public.*"), 1000),
              new StageSpec.Load("load", "read", "shop", null, LoadMode.Upsert, List.of())));
  private static final Edges START = Edges.original("r1", SPEC);
  private static final Edge FIRST = START.edges().getFirst();

  /** What {@code load} decided of the batches a, b and c, and {@code stamp} of d. */
  private static final Map<String, Long> DECIDED =
      Map.of("load a", 1L, "load b", 5L, "load c", 11L, "stamp d", 15L);

  private static boolean passed(Edges edges, Edge edge, String batch) throws Exception {
    return edges.passedBefore(
        edge, batch, (stage, b) -> Optional.ofNullable(DECIDED.get(stage + " " + b)));
  }

  @Test
  void nothing_passed_before_the_first_reader() throws Exception {
    assertThat(START.areOf(SPEC)).isTrue();
    assertThat(passed(START, FIRST, "a")).isFalse();
  }

  @Test
  void what_was_decided_by_then_has_passed_a_branch_unless_it_was_still_queued() throws Exception {
    Edge branch = new Edge("read", "archive", 10, null, 0, Map.of("b", 7L));
    Edges edges = START.after("r2", List.of(), List.of(branch), 10);

    assertThat(passed(edges, branch, "a")).isTrue();
    assertThat(passed(edges, branch, "b")).as("still queued").isFalse();
    assertThat(passed(edges, branch, "c")).as("decided since").isFalse();
    assertThat(passed(edges, branch, "e")).as("not decided").isFalse();
    assertThat(edges.areOf(SPEC)).isFalse();
    assertThat(edges.readersEver("read")).containsExactly("load", "archive");
  }

  @Test
  void a_stage_that_comes_back_leaves_alone_what_it_and_the_other_had() throws Exception {
    Edge stamp = new Edge("read", "stamp", 10, null, 0, Map.of());
    Edge behind = new Edge("stamp", "load", 10, null, null, Map.of());
    Edges inserted = START.after("r2", List.of(FIRST), List.of(stamp, behind), 10);
    Edge again = new Edge("read", "load", 20, null, 1, Map.of());
    Edges back = inserted.after("r3", List.of(stamp, behind), List.of(again), 20);

    assertThat(inserted.of("load")).contains(behind);
    assertThat(back.of("load")).contains(again);
    assertThat(back.areOf(SPEC)).isTrue();
    assertThat(passed(back, again, "a")).isTrue();
    assertThat(passed(back, again, "d")).isTrue();
    assertThat(passed(back, again, "e")).isFalse();
    assertThat(back.edges().get(1).until()).isEqualTo(20);
  }

  @Test
  void edges_are_read_as_they_were_written() {
    Edges edges =
        START.after(
            "r2",
            List.of(FIRST),
            List.of(new Edge("read", "stamp", 10, null, 0, Map.of("b", 7L))),
            10);
    assertThat(WireJson.parse(WireJson.bytes(edges), Edges.class)).isEqualTo(edges);
  }
}
