package dev.drover.operator.chain;

import static org.assertj.core.api.Assertions.assertThat;

import dev.drover.operator.chain.ShapeChange.Beginning;
import dev.drover.wire.edges.Edge;
import dev.drover.wire.edges.Edges;
import dev.drover.wire.plan.ChainSpec;
import dev.drover.wire.plan.StageSpec;
import dev.drover.wire.plan.StageSpec.LoadMode;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

class ShapeChangeTest {
  private static final StageSpec READ =
      new StageSpec.Extract("read", "legacy", List.of("public.*"), 1000);
  private static final Edges NOW =
      Edges.original("r1", chain(READ, step("clean", "read"), load("load", "clean")));

  private static ShapeChange of(Edges now, ChainSpec wanted) {
    return ShapeChange.of(now, wanted, Set.of());
  }

  private static StageSpec step(String name, String from) {
    return new StageSpec.Transform(name, from, List.of());
  }

  private static StageSpec load(String name, String from) {
    return new StageSpec.Load(name, from, "target", null, LoadMode.Upsert, List.of());
  }

  private static ChainSpec chain(StageSpec... stages) {
    return new ChainSpec(List.of(), List.of(stages));
  }

  @Test
  void the_same_stages_in_another_order_change_nothing() {
    assertThat(of(NOW, chain(load("load", "clean"), step("clean", "read"), READ)).none()).isTrue();
  }

  @Test
  void a_branch_closes_nothing_and_ends_nothing() {
    ShapeChange change =
        of(
            NOW,
            chain(
                READ,
                step("clean", "read"),
                load("load", "clean"),
                step("s", "clean"),
                load("b", "s")));
    assertThat(change.ending()).isEmpty();
    assertThat(change.closed()).isEmpty();
    assertThat(change.added()).containsExactly("s", "b");
    assertThat(change.beginning())
        .containsExactly(
            new Beginning("clean", "s", false, null), new Beginning("s", "b", true, null));
  }

  @Test
  void a_graft_with_a_way_of_its_own_touches_no_queue_that_is_there() {
    StageSpec root = new StageSpec.Extract("b_read", "legacy", List.of("public.*"), 1000);
    ChainSpec with =
        chain(READ, step("clean", "read"), load("load", "clean"), load("b", "b_read"), root);

    ShapeChange comes = of(NOW, with);

    assertThat(comes.closed()).isEmpty();
    assertThat(comes.added()).containsExactly("b", "b_read");
    assertThat(comes.beginning()).containsExactly(new Beginning("b_read", "b", true, null));

    Edges joined = NOW.after("r2", List.of(), List.of(Edge.original("b_read", "b")), 7);
    ShapeChange goes = of(joined, chain(READ, step("clean", "read"), load("load", "clean")));

    // What it reads stops, so that the rest can drain; nobody else is held up.
    assertThat(goes.closed()).containsExactly("b_read");
    assertThat(goes.removed()).containsExactlyInAnyOrder("b", "b_read");
  }

  @Test
  void stages_between_two_others_replace_their_edge() {
    ShapeChange change =
        of(
            NOW,
            chain(
                READ,
                step("clean", "read"),
                step("one", "clean"),
                step("two", "one"),
                load("load", "two")));
    Edge gone = Edge.original("clean", "load");
    assertThat(change.ending()).containsExactly(gone);
    assertThat(change.closed()).containsExactly("clean");
    assertThat(change.beginning())
        .containsExactly(
            new Beginning("clean", "one", false, gone),
            new Beginning("one", "two", true, null),
            new Beginning("two", "load", true, null));
  }

  @Test
  void a_stage_that_goes_is_drained_from_above_and_its_reader_replaces_it() {
    ShapeChange change = of(NOW, chain(READ, load("load", "read")));
    Edge above = Edge.original("read", "clean");
    assertThat(change.ending()).containsExactly(above, Edge.original("clean", "load"));
    assertThat(change.closed()).containsExactly("read");
    assertThat(change.removed()).containsExactly("clean");
    assertThat(change.beginning()).containsExactly(new Beginning("read", "load", false, above));
  }

  @Test
  void a_branch_that_goes_is_drained_and_replaced_by_nothing() {
    Edges forked = Edges.original("r1", chain(READ, load("load", "read"), load("archive", "read")));
    ShapeChange change = of(forked, chain(READ, load("load", "read")));
    assertThat(change.ending()).containsExactly(Edge.original("read", "archive"));
    assertThat(change.closed()).containsExactly("read");
    assertThat(change.beginning()).isEmpty();
  }

  @Test
  void a_load_under_another_name_or_another_in_its_place_takes_its_queue_over() {
    Edge gone = Edge.original("clean", "load");
    ShapeChange renamed = of(NOW, chain(READ, step("clean", "read"), load("load2", "clean")));
    assertThat(renamed.ending()).containsExactly(gone);
    assertThat(renamed.closed()).containsExactly("clean");
    assertThat(renamed.beginning()).containsExactly(new Beginning("clean", "load2", false, gone));

    Edges forked = Edges.original("r1", chain(READ, load("load", "read"), load("archive", "read")));
    assertThat(of(forked, chain(READ, load("load", "read"), load("b", "read"))))
        .extracting(ShapeChange::beginning)
        .isEqualTo(List.of(new Beginning("read", "b", false, Edge.original("read", "archive"))));
  }

  @Test
  void the_edge_that_leads_to_the_same_stages_is_the_one_replaced() {
    Edges forked =
        Edges.original(
            "r1", chain(READ, load("old", "read"), step("clean", "read"), load("load", "clean")));
    ShapeChange change = of(forked, chain(READ, step("new", "read"), load("load", "new")));
    assertThat(change.to("new").orElseThrow().replaces()).isEqualTo(Edge.original("read", "clean"));
  }

  @Test
  void a_stage_is_inserted_if_it_leads_to_one_that_stays() {
    ShapeChange change =
        of(
            NOW,
            chain(
                READ,
                step("one", "read"),
                step("two", "one"),
                step("three", "two"),
                step("clean", "three"),
                load("load2", "clean")));
    assertThat(change.added()).containsExactly("one", "two", "three", "load2");
    assertThat(change.added()).filteredOn(change::inserted).containsExactly("one", "two", "three");
  }

  @Test
  void a_stage_that_is_abandoned_closes_nothing_and_goes_with_all_behind_it() {
    Edges forked =
        Edges.original(
            "r1", chain(READ, load("load", "read"), step("mirror", "read"), load("b", "mirror")));

    ShapeChange change =
        ShapeChange.of(forked, chain(READ, load("load", "read")), Set.of("mirror", "gone-long"));

    assertThat(change.ending()).isEmpty();
    assertThat(change.closed()).isEmpty();
    assertThat(change.abandoned())
        .containsExactly(Edge.original("read", "mirror"), Edge.original("mirror", "b"));
    assertThat(change.deserted()).isEmpty();
    assertThat(change.none()).isFalse();
  }

  @Test
  void what_stands_in_for_an_abandoned_stage_begins_beside_it() {
    ShapeChange change =
        ShapeChange.of(
            NOW, chain(READ, step("clean", "read"), load("load2", "clean")), Set.of("load"));

    assertThat(change.closed()).isEmpty();
    assertThat(change.beginning()).containsExactly(new Beginning("clean", "load2", false, null));
  }

  @Test
  void what_feeds_an_abandoned_stage_alone_goes_with_it() {
    Edges forked =
        Edges.original(
            "r1",
            chain(
                READ,
                load("load", "read"),
                step("prep", "read"),
                step("more", "prep"),
                load("mirror", "more")));

    ShapeChange change =
        ShapeChange.of(forked, chain(READ, load("load", "read")), Set.of("mirror"));

    assertThat(change.closed()).isEmpty();
    assertThat(change.ending()).isEmpty();
    assertThat(change.abandons("prep")).isTrue();
  }

  @Test
  void beside_an_edge_that_is_drained_for_another_the_stand_in_is_still_a_branch() {
    Edges forked = Edges.original("r1", chain(READ, load("load", "read"), load("mirror", "read")));
    Edge drained = Edge.original("read", "load");

    ShapeChange inserted =
        ShapeChange.of(
            forked,
            chain(READ, step("mid", "read"), load("load", "mid"), load("mirror2", "read")),
            Set.of("mirror"));

    assertThat(inserted.beginning())
        .contains(
            new Beginning("read", "mid", false, drained),
            new Beginning("read", "mirror2", false, null));
    assertThat(inserted.ambiguous()).isEmpty();
    ShapeChange renamed =
        ShapeChange.of(
            forked, chain(READ, load("load2", "read"), load("mirror2", "read")), Set.of("mirror"));
    assertThat(renamed.ambiguous()).containsExactly("read");
  }

  @Test
  void a_stage_that_stays_behind_an_abandoned_one_is_told() {
    ShapeChange change = ShapeChange.of(NOW, chain(READ, load("load", "read")), Set.of("clean"));

    assertThat(change.deserted()).containsExactly("load");
  }

  @Test
  void the_copies_of_a_graft_go_with_it_and_one_that_stays_is_not_abandoned() {
    Edges own = NOW.after("r2", List.of(), List.of(Edge.original("b_read", "b")), 7);
    ChainSpec before = chain(READ, step("clean", "read"), load("load", "clean"));

    ShapeChange change = ShapeChange.of(own, before, Set.of("b"));

    assertThat(change.closed()).isEmpty();
    assertThat(change.abandoned()).containsExactly(Edge.original("b_read", "b"));
    assertThat(ShapeChange.of(NOW, before, Set.of("load")).none()).isTrue();
  }
}
