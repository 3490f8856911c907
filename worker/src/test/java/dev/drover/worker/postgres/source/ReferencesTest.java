package dev.drover.worker.postgres.source;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

class ReferencesTest {
  @Test
  void a_child_comes_after_its_direct_parents_only() {
    assertThat(
            References.acyclic(
                Map.of("line", Set.of("order"), "order", Set.of("customer"), "customer", Set.of())))
        .isEqualTo(
            Map.of("line", Set.of("order"), "order", Set.of("customer"), "customer", Set.of()));
  }

  @Test
  void a_table_does_not_wait_for_itself() {
    assertThat(References.acyclic(Map.of("employee", Set.of("employee"))))
        .isEqualTo(Map.of("employee", Set.of()));
  }

  @Test
  void members_of_one_cycle_do_not_wait_for_each_other_but_others_wait_for_them() {
    assertThat(
            References.acyclic(
                Map.of(
                    "a", Set.of("b"),
                    "b", Set.of("c"),
                    "c", Set.of("a", "root"),
                    "child", Set.of("b"),
                    "root", Set.of())))
        .isEqualTo(
            Map.of(
                "a",
                Set.of(),
                "b",
                Set.of(),
                "c",
                Set.of("root"),
                "child",
                Set.of("b"),
                "root",
                Set.of()));
  }

  @Test
  void two_cycles_that_touch_by_one_reference_keep_it() {
    assertThat(
            References.acyclic(Map.of(1, Set.of(2), 2, Set.of(1, 3), 3, Set.of(4), 4, Set.of(3))))
        .isEqualTo(Map.of(1, Set.of(), 2, Set.of(3), 3, Set.of(), 4, Set.of()));
  }

  @Test
  void a_long_chain_needs_no_deep_stack() {
    Map<Integer, Set<Integer>> chain = new HashMap<>();
    for (int i = 0; i < 100_000; i++) {
      chain.put(i, i == 0 ? Set.of() : Set.of(i - 1));
    }
    assertThat(References.acyclic(chain)).isEqualTo(chain);
  }
}
