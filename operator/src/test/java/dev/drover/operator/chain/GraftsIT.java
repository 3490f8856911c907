package dev.drover.operator.chain;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import dev.drover.operator.chain.ChainSnapshot.StageSnapshot;
import dev.drover.wire.plan.ChainSpec;
import dev.drover.wire.plan.Finding;
import dev.drover.wire.plan.StageSpec;
import dev.drover.wire.plan.Step;
import io.nats.client.api.ConsumerConfiguration;
import io.nats.client.api.MessageInfo;
import io.nats.client.impl.Headers;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Stages that come and go, and rules that change, in a chain in full flow with real workers. The
 * loads insert: a row that came twice would be a failed record.
 */
class GraftsIT extends GraftScenario {
  @Test
  void a_second_target_sees_what_the_queue_holds_and_the_first_loses_nothing() throws Exception {
    try (RunningChain chain = running(plain())) {
      chain.pace("read", 8000);
      chain.idle("load", true);
      visitUntil(chain, seen -> stage(seen, "load").backlogMessages() > 0);
      MessageInfo early =
          chain.nats.jetStreamManagement().getFirstMessage(chain.stream("clean"), ">");
      chain.idle("load", false);
      visitUntil(chain, seen -> stage(seen, "load").counts().passed() > ROWS / 4);
      chain.idle("load", true); // so that something is queued
      visitUntil(chain, seen -> stage(seen, "load").backlogMessages() > 10);
      edit(
          chain,
          chain(
              read(),
              clean("read"),
              load("load", "clean", "public"),
              transform("short", "clean", "note", "'short'"),
              load("archive", "short", "copy")));
      assertThat(chain.look())
          .isInstanceOfSatisfying(
              Joining.Underway.class,
              u -> {
                assertThat(u.changes())
                    .extracting(Joining.Change::stage)
                    .containsExactly("short", "archive");
                assertThat(u.changes().get(0).kind()).isEqualTo(Joining.Kind.Added);
                assertThat(u.changes().get(0).message())
                    .contains("queued records only", "messages in the queue of clean");
                assertThat(u.changes().get(1).message()).contains("the new stage short");
              });
      visitUntil(chain, seen -> chain.joined());
      // A copy of what had passed before, by a worker that was only paused.
      Headers headers = new Headers(early.getHeaders(), false);
      headers.remove("Nats-Msg-Id");
      chain.nats.jetStream().publish(early.getSubject(), headers, early.getData());
      chain.idle("load", false);
      ChainSnapshot end = toTheEnd(chain);

      assertEveryRow();
      assertThat(count("SELECT count(*) FROM public.item WHERE qty < 100")).isZero();
      long archived = stage(end, "archive").counts().passed();
      assertThat(stage(end, "short").counts().passed()).isEqualTo(archived);
      assertThat(archived).isBetween(1L, ROWS - ROWS / 4L);
      assertThat(count("SELECT count(*) FROM copy.item")).isEqualTo(archived);
      assertThat(
              count(
                  "SELECT count(*) FROM copy.item c JOIN public.item i USING (id)"
                      + " WHERE c.qty = i.qty AND c.note = 'short'"))
          .isEqualTo(archived);
      assertThat(end.balance().message())
          .contains("%d had passed before it joined".formatted(ROWS - archived));
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"read", "clean"})
  void a_stage_between_two_others_takes_over_and_no_row_is_missed_or_comes_twice(String behind)
      throws Exception {
    boolean first = behind.equals("read");
    try (RunningChain chain = running(plain())) {
      inFlow(chain);
      edit(
          chain,
          chain(
              read(),
              transform("stamp", behind, "note", "'stamped'"),
              clean(first ? "stamp" : "read"),
              load("load", first ? "clean" : "stamp", "public")));
      assertThat(chain.look())
          .isInstanceOfSatisfying(
              Joining.Underway.class,
              u ->
                  assertThat(u.changes())
                      .singleElement()
                      .satisfies(
                          c -> {
                            assertThat(c.kind()).isEqualTo(Joining.Kind.Inserted);
                            assertThat(c.message()).contains("hands on from then on");
                          }));
      // Operators come and go meanwhile, none remembers what the one before did.
      AtomicInteger visits = new AtomicInteger();
      visitUntil(
          chain,
          seen -> {
            if (visits.incrementAndGet() % 3 == 0) {
              chain.restartOperator();
            }
            return chain.joined();
          });
      chain.restart("read");
      chain.restartOperator();
      ChainSnapshot end = toTheEnd(chain);

      assertEveryRow();
      assertThat(count("SELECT count(*) FROM public.item WHERE qty < 100")).isZero();
      long stamped = count("SELECT count(*) FROM public.item WHERE note = 'stamped'");
      assertThat(stamped).isBetween(1L, ROWS - ROWS / 4L);
      assertThat(stage(end, "stamp").counts().passed()).isEqualTo(stamped);
      assertThat(stage(end, "load").counts().in()).isEqualTo(ROWS);
    }
  }

  @Test
  void a_stage_is_drained_before_it_goes_and_its_neighbours_join() throws Exception {
    try (RunningChain chain = running(plain())) {
      inFlow(chain);
      chain.idle("load", true);
      visitUntil(chain, seen -> stage(seen, "load").backlogMessages() > 10);
      edit(chain, chain(read(), load("load", "read", "public")));
      for (int i = 0; i < 5; i++) {
        chain.visit();
      }
      assertThat(chain.joining)
          .isInstanceOfSatisfying(
              Joining.Underway.class,
              u ->
                  assertThat(u.changes())
                      .singleElement()
                      .satisfies(
                          c -> {
                            assertThat(c.draining()).isTrue();
                            assertThat(c.message())
                                .contains(
                                    "messages of the queue of", "queue of read takes nothing");
                          }));
      chain.idle("load", false);
      visitUntil(chain, seen -> chain.joined());
      chain.restartOperator();
      ChainSnapshot end = toTheEnd(chain);

      assertEveryRow();
      assertThat(end.stages()).extracting(StageSnapshot::name).containsExactly("read", "load");
      long cleaned = count("SELECT count(*) FROM public.item WHERE qty >= 100");
      assertThat(cleaned).isBetween(ROWS / 4L, ROWS - 1L);
      assertThat(chain.nats.jetStreamManagement().getConsumerNames(chain.stream("read")))
          .containsExactly("load");
      assertThat(chain.nats.jetStreamManagement().getStreamNames())
          .doesNotContain(chain.stream("clean"));

      // Back again: only under another name.
      chain.apply("rev3", plain());
      assertThat(chain.look())
          .isInstanceOfSatisfying(
              Joining.Refused.class,
              r ->
                  assertThat(r.findings())
                      .singleElement()
                      .returns("NameUsed", Finding::reason)
                      .returns("spec.stages[1].name", Finding::path));
    }
  }

  @Test
  void a_load_in_place_of_another_gets_what_the_other_did_not_row_for_row() throws Exception {
    try (RunningChain chain = running(plain())) {
      inFlow(chain);
      chain.idle("load", true);
      visitUntil(chain, seen -> stage(seen, "load").backlogMessages() > 10);
      edit(chain, chain(read(), clean("read"), load("load2", "clean", "copy")));
      assertThat(chain.look())
          .isInstanceOfSatisfying(
              Joining.Underway.class,
              u ->
                  assertThat(u.changes())
                      .extracting(Joining.Change::stage, Joining.Change::kind)
                      .containsExactly(
                          tuple("load2", Joining.Kind.Added), tuple("load", Joining.Kind.Removed)));
      for (int i = 0; i < 5; i++) {
        chain.visit();
      }
      assertThat(chain.joining).isInstanceOf(Joining.Underway.class);
      chain.idle("load", false);
      visitUntil(chain, seen -> chain.joined());
      assertEachRowAtOneOfBothLoads(toTheEnd(chain));
    }
  }

  private static void assertEachRowAtOneOfBothLoads(ChainSnapshot end) throws Exception {
    long first = count("SELECT count(*) FROM public.item");
    assertThat(first).isBetween(ROWS / 4L, ROWS - 1L);
    assertThat(count("SELECT count(*) FROM copy.item")).isEqualTo(ROWS - first);
    assertThat(
            query(
                "target",
                "SELECT id::text FROM (SELECT id FROM public.item UNION ALL"
                    + " SELECT id FROM copy.item) both_loads ORDER BY id"))
        .isEqualTo(query("legacy", "SELECT id::text FROM item ORDER BY id"));
    assertThat(stage(end, "load2").counts().passed()).isEqualTo(ROWS - first);
  }

  @Test
  void a_load_that_is_given_up_in_full_flow_leaves_all_that_it_had_not_to_the_other()
      throws Exception {
    try (RunningChain chain = running(plain())) {
      inFlow(chain);
      chain.idle("load", true); // its target is gone for good
      visitUntil(chain, seen -> stage(seen, "load").backlogMessages() > 10);
      edit(chain, chain(read(), clean("read"), load("load2", "clean", "copy")));
      for (int i = 0; i < 5; i++) {
        chain.visit();
      }
      assertThat(chain.joining).isInstanceOf(Joining.Underway.class);
      chain.abandoned = List.of("load");
      chain.visit();
      assertThat(chain.joining)
          .isInstanceOfSatisfying(
              Joining.Underway.class,
              u ->
                  assertThat(u.changes())
                      .extracting(Joining.Change::stage, Joining.Change::kind)
                      .contains(tuple("load", Joining.Kind.Abandoned)));
      chain.restartOperator();
      visitUntil(chain, seen -> chain.joined());

      assertEachRowAtOneOfBothLoads(toTheEnd(chain));
    }
  }

  /** Few batches fill a queue here: what nobody takes out of it would stop all. */
  private static final String SMALL = "128Ki";

  @Test
  void a_branch_below_a_stage_that_drains_leaves_it_room_to_drain() throws Exception {
    try (RunningChain chain = running(SMALL, plain())) {
      inFlow(chain);
      chain.idle("load", true);
      chain.pace("read", 1_000_000);
      visitUntil(
          chain,
          seen ->
              stage(seen, "load").backlogMessages() > 8
                  && stage(seen, "clean").backlogMessages() > 8);
      chain.apply(
          "rev2",
          chain(
              read(),
              transform("stamp", "read", "note", "'stamped'"),
              clean("stamp"),
              load("load", "clean", "public"),
              load("archive", "clean", "copy")));
      for (int i = 0; i < 5; i++) {
        chain.visit();
      }
      chain.restartOperator();
      chain.visit();
      assertThat(chain.joining).isInstanceOf(Joining.Underway.class);
      chain.idle("load", false);
      visitUntil(chain, seen -> chain.joined());
      ChainSnapshot end = toTheEnd(chain);

      assertEveryRow();
      long archived = stage(end, "archive").counts().passed();
      assertThat(archived).isBetween(ROWS / 2L, ROWS - 1L);
      assertThat(count("SELECT count(*) FROM copy.item")).isEqualTo(archived);
      assertThat(count("SELECT count(*) FROM public.item WHERE note = 'stamped'"))
          .isEqualTo(stage(end, "stamp").counts().passed())
          .isPositive();
    }
  }

  @Test
  void an_edit_that_is_refused_and_taken_back_leaves_no_reader_behind() throws Exception {
    ChainSpec before =
        chain(
            read(),
            clean("read"),
            load("load", "clean", "public"),
            load("second", "clean", "copy"));
    try (RunningChain chain = running(SMALL, before)) {
      inFlow(chain);
      chain.idle("second", true);
      visitUntil(chain, seen -> stage(seen, "second").backlogMessages() > 5);
      chain.apply(
          "rev2",
          chain(
              read(),
              clean("read"),
              load("load", "clean", "public"),
              load("third", "clean", "copy")));
      visitUntil(chain, seen -> chain.joining instanceof Joining.Underway);
      chain.restartOperator();
      chain.visit();
      // An operator that ended when it had made the reader and not written so down.
      chain
          .nats
          .jetStreamManagement()
          .createConsumer(
              chain.stream("clean"), ConsumerConfiguration.builder().durable("third").build());
      execute(
          "target",
          "INSERT INTO copy.item SELECT id, 0, 'in the way' FROM public.item"
              + " WHERE id NOT IN (SELECT id FROM copy.item) LIMIT 1");
      chain.idle("second", false);
      visitUntil(chain, seen -> chain.joining instanceof Joining.Refused);
      chain.apply("rev1", before);
      chain.pace("read", 1_000_000);
      visitUntil(chain, ChainSnapshot::complete);

      assertThat(chain.nats.jetStreamManagement().getConsumerNames(chain.stream("clean")))
          .containsExactlyInAnyOrder("load", "second");
      assertEveryRow();
      assertThat(count("SELECT count(*) FROM copy.item")).isEqualTo(ROWS);
    }
  }

  @Test
  void a_stage_whose_records_failed_is_not_removed() throws Exception {
    StageSpec picky =
        new StageSpec.Transform(
            "clean",
            "read",
            List.of(
                new Step(
                    List.of(),
                    new Step.Require("record.id != 7", "Seven", null),
                    null,
                    List.of(),
                    List.of(),
                    List.of())));
    try (RunningChain chain = running(chain(read(), picky, load("load", "clean", "public")))) {
      visitUntil(chain, seen -> stage(seen, "clean").counts().failed() == 1);
      edit(chain, chain(read(), load("load", "read", "public")));
      ChainSnapshot end = visitUntil(chain, seen -> seen.splitsDone() == seen.splitsTotal());

      assertThat(chain.joining)
          .isInstanceOfSatisfying(
              Joining.Refused.class,
              r ->
                  assertThat(r.findings())
                      .singleElement()
                      .returns("StageHoldsFailures", Finding::reason)
                      .satisfies(f -> assertThat(f.message()).contains("clean", "1 of its")));
      assertThat(stage(end, "clean").counts().failed()).isEqualTo(1);
      assertThat(end.failures().causes())
          .singleElement()
          .satisfies(
              f ->
                  assertThat(f.sample().message().detail().revisions())
                      .isEqualTo("read=rev1 clean=rev1"));
      visitUntil(chain, ChainSnapshot::complete);
    }
  }

  @Test
  void a_rule_that_changes_rolls_its_stage_and_no_row_is_missed_or_comes_twice() throws Exception {
    try (RunningChain chain = running(plain())) {
      inFlow(chain);
      edit(
          chain,
          chain(
              read(),
              transform("clean", "read", "qty", "record.qty + 200"),
              load("load", "clean", "public")));
      ChainSnapshot end = toTheEnd(chain);

      assertEveryRow();
      long before = count("SELECT count(*) FROM public.item WHERE qty BETWEEN 100 AND 199");
      long after = count("SELECT count(*) FROM public.item WHERE qty >= 200");
      assertThat(before).isPositive();
      assertThat(after).isPositive();
      assertThat(before + after).isEqualTo(ROWS);
      assertThat(stage(end, "clean").counts().passed()).isEqualTo(ROWS);
      // The ledger says of every batch by which revision each stage worked on it.
      assertThat(
              query(
                  "target",
                  "SELECT revision || ' ' || sum(records_in) FROM public.drover_ledger GROUP BY revision ORDER BY 1"))
          .containsExactly(
              "read=rev1 clean=rev1 load=rev1 " + before,
              "read=rev1 clean=rev2 load=rev1 " + after);
    }
  }
}
