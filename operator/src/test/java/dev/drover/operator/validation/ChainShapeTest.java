package dev.drover.operator.validation;

import static org.assertj.core.api.Assertions.assertThat;

import dev.drover.wire.plan.ChainSpec;
import dev.drover.wire.plan.Finding;
import dev.drover.wire.plan.StageSpec;
import dev.drover.wire.plan.StageSpec.LoadMode;
import dev.drover.wire.plan.Step;
import java.util.List;
import org.junit.jupiter.api.Test;

class ChainShapeTest {
  private static final StageSpec READ =
      new StageSpec.Extract("read", "legacy", List.of("public.*"), 1000);
  private static final StageSpec CLEAN = new StageSpec.Transform("clean", "read", List.of());
  private static final ChainSpec MOVING = chain(READ, CLEAN, load("load", "clean"));

  private static StageSpec load(String name, String from) {
    return new StageSpec.Load(name, from, "target", null, LoadMode.Upsert, List.of());
  }

  private static ChainSpec chain(StageSpec... stages) {
    return new ChainSpec(List.of(), List.of(stages));
  }

  @Test
  void changed_rules_tables_and_split_sizes_leave_the_shape_as_it_is() {
    Step rule = new Step(List.of(), null, "true", List.of(), List.of(), List.of());

    assertThat(
            ChainShape.changes(
                MOVING,
                chain(
                    new StageSpec.Extract("read", "legacy", List.of("public.orders"), 5),
                    new StageSpec.Transform("clean", "read", List.of(rule)),
                    load("load", "clean"))))
        .isEmpty();
  }

  @Test
  void a_stage_that_is_added_removed_or_joined_otherwise_is_named_with_its_path() {
    assertThat(
            ChainShape.changes(
                MOVING, chain(READ, CLEAN, load("load", "clean"), load("b", "read"))))
        .singleElement()
        .satisfies(f -> assertThat(f.path()).isEqualTo("spec.stages[3]"));
    assertThat(ChainShape.changes(MOVING, chain(READ, CLEAN, load("load", "read"))))
        .singleElement()
        .satisfies(f -> assertThat(f.message()).contains("a load from clean"));
    assertThat(ChainShape.changes(MOVING, chain(READ, load("load", "read"))))
        .extracting(Finding::reason)
        .containsExactly("ChainChanged");
    assertThat(ChainShape.changes(MOVING, chain(READ, CLEAN)))
        .singleElement()
        .satisfies(f -> assertThat(f.message()).contains("load is gone"));
  }

  @Test
  void as_of_when_a_source_is_read_stays_as_it_is() {
    StageSpec.Extract throughOne =
        new StageSpec.Extract(
            "read", "legacy", List.of("public.*"), 1000, StageSpec.Consistency.Snapshot);
    assertThat(ChainShape.changes(MOVING, chain(throughOne, CLEAN, load("load", "clean"))))
        .singleElement()
        .satisfies(f -> assertThat(f.path()).isEqualTo("spec.stages[0]"));
  }
}
