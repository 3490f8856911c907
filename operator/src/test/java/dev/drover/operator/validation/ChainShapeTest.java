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
  private static final StageSpec CLEAN = step("clean", "read");
  private static final ChainSpec MOVING = chain(READ, CLEAN, load("load", "clean"));

  private static StageSpec load(String name, String from) {
    return new StageSpec.Load(name, from, "target", null, LoadMode.Upsert, List.of());
  }

  private static StageSpec step(String name, String from) {
    return new StageSpec.Transform(name, from, List.of());
  }

  private static ChainSpec chain(StageSpec... stages) {
    return new ChainSpec(List.of(), List.of(stages));
  }

  private static void assertRefused(ChainSpec wanted, String path, String... words) {
    assertThat(ChainShape.changes(MOVING, wanted))
        .singleElement()
        .returns("ChainChanged", Finding::reason)
        .returns(path, Finding::path)
        .satisfies(f -> assertThat(f.message()).contains(words));
  }

  @Test
  void rules_tables_and_split_sizes_may_change() {
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
  void stages_may_branch_off_come_between_and_go() {
    for (ChainSpec wanted :
        List.of(
            chain(READ, CLEAN, load("load", "clean"), load("b", "read")),
            chain(READ, CLEAN, load("load", "clean"), step("s", "read"), load("b", "s")),
            chain(READ, step("s", "read"), step("clean", "s"), load("load", "clean")),
            chain(READ, CLEAN, step("s", "clean"), step("t", "s"), load("load", "t")),
            chain(READ, load("load", "read")),
            chain(READ, step("other", "read"), load("load", "other")),
            chain(READ, CLEAN, load("another", "clean")))) {
      assertThat(ChainShape.changes(MOVING, wanted)).isEmpty();
    }
  }

  @Test
  void a_stage_does_not_become_another_under_its_name() {
    assertRefused(chain(READ, load("clean", "read")), "spec.stages[1]", "clean was a transform");
  }

  @Test
  void a_stage_that_stays_is_not_joined_elsewhere() {
    assertRefused(
        chain(READ, CLEAN, load("load", "read"), load("b", "clean")),
        "spec.stages[2].from",
        "load read clean");
  }

  @Test
  void what_is_read_and_as_of_when_stays() {
    StageSpec more = new StageSpec.Extract("more", "legacy", List.of("public.*"), 1000);
    assertRefused(
        chain(READ, CLEAN, load("load", "clean"), more, load("b", "more")),
        "spec.stages[3]",
        "more");
    StageSpec throughOne =
        new StageSpec.Extract(
            "read", "legacy", List.of("public.*"), 1000, StageSpec.Consistency.Snapshot);
    assertRefused(chain(throughOne, CLEAN, load("load", "clean")), "spec.stages[0]", "read was");
  }

  private static StageSpec copy(String name) {
    return new StageSpec.Extract(name, "legacy", List.of("public.*"), 1000);
  }

  @Test
  void a_graft_brings_its_copies_and_takes_them_along() {
    ChainSpec with =
        chain(
            READ,
            CLEAN,
            load("load", "clean"),
            load("b", "b_clean"),
            step("b_clean", "b_read"),
            copy("b_read"));
    assertThat(ChainShape.changes(MOVING, with)).isEmpty();
    assertThat(ChainShape.changes(with, MOVING)).isEmpty();
    // One more stage before all, also on the graft's own way.
    assertThat(
            ChainShape.changes(
                with,
                chain(
                    READ,
                    step("s", "read"),
                    step("clean", "s"),
                    load("load", "clean"),
                    load("b", "b_clean"),
                    step("b_clean", "b_s"),
                    step("b_s", "b_read"),
                    copy("b_read"))))
        .isEmpty();
  }

  @Test
  void backfill_is_for_a_stage_that_comes() {
    assertRefused(
        chain(
            READ,
            CLEAN,
            load("load", "load_clean"),
            step("load_clean", "load_read"),
            copy("load_read")),
        "spec.stages[2].backfill",
        "load has joined already, without backfill");
    ChainSpec with = chain(READ, CLEAN, load("load", "clean"), load("b", "b_read"), copy("b_read"));
    assertThat(
            ChainShape.changes(with, chain(READ, CLEAN, load("load", "clean"), load("b", "read"))))
        .singleElement()
        .returns("spec.stages[3].backfill", Finding::path)
        .satisfies(f -> assertThat(f.message()).contains("b has joined already, with backfill"));
  }

  @Test
  void a_graft_with_backfill_comes_before_no_stage_that_is_there() {
    assertRefused(
        chain(
            READ,
            CLEAN,
            step("s", "s_clean"),
            load("load", "s"),
            step("s_clean", "s_read"),
            copy("s_read")),
        "spec.stages[2].backfill",
        "s comes before load");
  }

  @Test
  void a_graft_with_backfill_stays_with_its_extract() {
    StageSpec other = new StageSpec.Extract("other", "legacy", List.of("o.*"), 1000);
    ChainSpec two =
        chain(
            READ,
            other,
            load("load", "read"),
            load("o", "other"),
            load("b", "b_read"),
            copy("b_read"));
    assertThat(
            ChainShape.changes(
                two,
                chain(
                    READ,
                    other,
                    load("load", "read"),
                    load("o", "other"),
                    load("b", "b_other"),
                    copy("b_other"))))
        .singleElement()
        .returns("spec.stages[4].from", Finding::path);
  }
}
