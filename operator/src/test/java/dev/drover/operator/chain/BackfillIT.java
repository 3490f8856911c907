package dev.drover.operator.chain;

import static org.assertj.core.api.Assertions.assertThat;

import dev.drover.operator.chain.ChainSnapshot.StageSnapshot;
import dev.drover.wire.names.PrivateName;
import dev.drover.wire.plan.ChainSpec;
import dev.drover.wire.plan.StageSpec;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Grafts that want all rows, in a chain in full flow with real workers. */
class BackfillIT extends GraftScenario {
  /** What the planner and the workers get of a graft with {@code backfill: true}. */
  private static ChainSpec backfilled(String behind, StageSpec... graft) {
    List<StageSpec> stages = new ArrayList<>(plain().stages());
    String name = graft[0].name();
    stages.addAll(List.of(graft));
    stages.add(
        new StageSpec.Extract(
            new PrivateName(name, "read").toString(), "legacy", List.of("public.item"), 500));
    if (behind.equals("clean")) {
      stages.add(
          transform(
              new PrivateName(name, "clean").toString(),
              new PrivateName(name, "read").toString(),
              "qty",
              "record.qty + 100"));
    }
    return chain(stages.toArray(StageSpec[]::new));
  }

  private static List<String> source(String columns) throws Exception {
    return query("legacy", "SELECT concat_ws('|', " + columns + ") FROM item ORDER BY id");
  }

  private static List<String> loaded(String schema, String columns) throws Exception {
    return query(
        "target", "SELECT concat_ws('|', %s) FROM %s.item ORDER BY id".formatted(columns, schema));
  }

  /** A kind of graft: its stages, what it reads, and the rows that it is to have loaded. */
  private enum Kind {
    LoadBehindTheExtract("read", "id, qty, note"),
    LoadBehindATransform("clean", "id, qty + 100, note"),
    TransformBehindATransform("clean", "id, qty + 100, 'short'"),
    EnrichBehindTheExtract("read", "id, qty, note, 'mark ' || qty");

    private final String behind;
    private final String rows;

    Kind(String behind, String rows) {
      this.behind = behind;
      this.rows = rows;
    }

    StageSpec[] stages() {
      String own = "graft_" + behind;
      return switch (this) {
        case LoadBehindTheExtract, LoadBehindATransform ->
            new StageSpec[] {load("graft", own, "copy")};
        case TransformBehindATransform ->
            new StageSpec[] {
              transform("graft", own, "note", "'short'"), load("archive", "graft", "copy")
            };
        case EnrichBehindTheExtract ->
            new StageSpec[] {
              new StageSpec.Enrich(
                  "graft",
                  own,
                  "legacy",
                  List.of(),
                  "select mark from mark where digit = :qty",
                  StageSpec.OnMissing.Fail,
                  null,
                  30),
              load("archive", "graft", "copy")
            };
      };
    }
  }

  @ParameterizedTest
  @EnumSource(Kind.class)
  void a_graft_with_backfill_gets_every_row_and_the_old_way_goes_on_as_it_was(Kind kind)
      throws Exception {
    try (RunningChain chain = running(plain())) {
      inFlow(chain);
      edit(chain, backfilled(kind.behind, kind.stages()));
      assertThat(chain.look())
          .isInstanceOfSatisfying(
              Joining.Underway.class,
              u -> {
                assertThat(u.changes().getFirst().stage()).isEqualTo("graft");
                assertThat(u.changes().getFirst().kind()).isEqualTo(Joining.Kind.Added);
                assertThat(u.changes().getFirst().message())
                    .contains("backfill by re-extraction of " + ROWS + " rows", "graft_read");
                assertThat(u.changes())
                    .extracting(Joining.Change::stage)
                    .doesNotContain("graft_read", "graft_clean");
              });
      chain.pace(Map.of("read", 8000L, "graft_read", 8000L));
      // The old way is not held up for a moment: nothing is drained, nothing closed.
      chain.visit(); // tells
      chain.visit(); // and does
      assertThat(chain.joining).isInstanceOf(Joining.Joined.class);
      assertThat(chain.joined()).isTrue();
      String last = kind.stages()[kind.stages().length - 1].name();
      // Each crash costs the time after which NATS gives its splits to another.
      int crashes = kind == Kind.TransformBehindATransform ? 3 : 1;
      for (int crash = 1; crash <= crashes; crash++) {
        int some = crash * ROWS / 8;
        visitUntil(chain, seen -> stage(seen, last).counts().passed() > some);
        chain.crash("graft_read");
        chain.restartOperator();
      }
      ChainSnapshot end = toTheEnd(chain);

      assertThat(loaded("public", "id, qty, note")).isEqualTo(source("id, qty + 100, note"));
      assertThat(loaded("copy", "id, qty, note, mark")).isEqualTo(source(kind.rows));
      assertThat(stage(end, "graft_read").counts().in()).isEqualTo(ROWS);
      assertThat(stage(end, "read").counts().in()).isEqualTo(ROWS);
      assertThat(stage(end, last).counts().in()).isEqualTo(ROWS);
      assertThat(end.balance().message()).doesNotContain("had passed before it joined");
    }
  }

  @Test
  void a_migration_that_is_over_goes_on_for_a_graft_with_backfill() throws Exception {
    try (RunningChain chain = running(plain())) {
      toTheEnd(chain);
      chain.apply("rev2", backfilled("clean", load("graft", "graft_clean", "copy")));
      chain.visit(); // tells
      ChainSnapshot first = chain.visit();
      assertThat(chain.joined()).isTrue();
      assertThat(first.complete()).isFalse();
      toTheEnd(chain);

      assertThat(loaded("public", "id, qty, note")).isEqualTo(source("id, qty + 100, note"));
      assertThat(loaded("copy", "id, qty, note")).isEqualTo(source("id, qty + 100, note"));
    }
  }

  @Test
  void a_graft_that_goes_in_the_middle_of_its_backfill_is_not_read_to_its_end() throws Exception {
    try (RunningChain chain = running(plain())) {
      inFlow(chain);
      edit(chain, backfilled("clean", load("graft", "graft_clean", "copy")));
      chain.pace(Map.of("read", 8000L, "graft_read", 2000L));
      visitUntil(chain, seen -> chain.joined());
      visitUntil(chain, seen -> stage(seen, "graft").counts().passed() > ROWS / 20);
      chain.idle("graft", true);
      visitUntil(chain, seen -> stage(seen, "graft").backlogMessages() > 5);
      chain.apply("rev3", plain());
      assertThat(chain.look())
          .isInstanceOfSatisfying(
              Joining.Underway.class,
              u ->
                  assertThat(u.changes())
                      .extracting(Joining.Change::stage)
                      .containsExactly("graft"));
      for (int i = 0; i < 5; i++) {
        chain.visit();
      }
      assertThat(chain.joining).isInstanceOf(Joining.Underway.class);
      chain.idle("graft", false);
      visitUntil(chain, seen -> chain.joined());
      chain.visit();
      assertThat(chain.splits("graft_read")).isZero();
      assertThat(chain.nats.jetStreamManagement().getStreamNames())
          .doesNotContain(chain.stream("graft_read"), chain.stream("graft_clean"));
      ChainSnapshot end = toTheEnd(chain);

      assertThat(loaded("public", "id, qty, note")).isEqualTo(source("id, qty + 100, note"));
      assertThat(end.stages())
          .extracting(StageSnapshot::name)
          .containsExactly("read", "clean", "load");
      assertThat(count("SELECT count(*) FROM copy.item")).isBetween(ROWS / 20L, ROWS - 1L);
      // What it was handed before it went, it has decided: whole batches, each row as it is.
      assertThat(
              Set.copyOf(source("id, qty + 100, note"))
                  .containsAll(loaded("copy", "id, qty, note")))
          .isTrue();
    }
  }
}
