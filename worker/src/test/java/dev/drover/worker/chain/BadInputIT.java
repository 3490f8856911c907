package dev.drover.worker.chain;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.drover.wire.batch.BatchId;
import dev.drover.wire.batch.Origin;
import dev.drover.wire.decision.Counts;
import dev.drover.wire.decision.Decision;
import dev.drover.wire.names.SplitId;
import dev.drover.wire.plan.ChainPlan;
import dev.drover.wire.plan.ChainSpec;
import dev.drover.wire.plan.StageSpec;
import dev.drover.wire.plan.StageSpec.LoadMode;
import dev.drover.wire.plan.Step;
import dev.drover.wire.state.SplitCheckpoint;
import dev.drover.worker.stage.DecisionLog;
import dev.drover.worker.stage.StageContext;
import io.nats.client.PurgeOptions;
import java.util.List;
import org.junit.jupiter.api.Test;

/**
 * Tables altered during the run, and values that no target may hold: told by name, none altered.
 */
class BadInputIT extends ChainScenario {
  private static final int ROWS = 3000;

  private static ChainSpec chain(Step... steps) {
    return new ChainSpec(
        databases.connections(),
        List.of(
            new StageSpec.Extract("read", "legacy", List.of("public.item"), 1000),
            new StageSpec.Transform("clean", "read", List.of(steps)),
            new StageSpec.Load("load", "clean", "target", null, LoadMode.Upsert, List.of())));
  }

  private static void items() throws Exception {
    inBoth("CREATE TABLE item (id integer PRIMARY KEY, note text)");
    databases.execute(
        "legacy",
        "INSERT INTO item SELECT i, 'n' || i FROM generate_series(1, " + ROWS + ") i",
        "ANALYZE");
  }

  /** Alters a table, sees the stage tell of it, alters it back, and sees all arrive. */
  private void altered(String database, String stage, String reason, String there, String back)
      throws Exception {
    items();
    try (TestChain chain = new TestChain(nats.url(), name, chain(set("note", "record.note")))) {
      ChainPlan plan = plan(chain);
      databases.execute(database, there);
      try (RunningStage read = RunningStage.start(chain, "read", databases.secrets);
          RunningStage clean = RunningStage.start(chain, "clean", databases.secrets);
          RunningStage load = RunningStage.start(chain, "load", databases.secrets)) {
        chain.dispatchAll(plan);
        await()
            .atMost(SOON)
            .untilAsserted(
                () ->
                    assertThat(chain.stalls(stage))
                        .singleElement()
                        .satisfies(
                            stall -> {
                              assertThat(stall.reason()).isEqualTo(reason);
                              assertThat(stall.message()).contains("public.item");
                            }));
        assertThat(chain.failures()).as("it is no record's fault").isEmpty();
        databases.execute(database, back);
        awaitFinished(chain, plan);
        assertThat(chain.failures()).isEmpty();
        assertThat(chain.tally("load")).isEqualTo(new Counts(ROWS, ROWS, 0, 0, 0, 0));
        assertThat(databases.checksum("target", "item"))
            .isEqualTo(databases.checksum("legacy", "item"));
      }
    }
  }

  @Test
  void a_source_column_that_is_gone_is_told_and_waited_for() throws Exception {
    altered(
        "legacy",
        "read",
        "SourceChanged",
        "ALTER TABLE item RENAME note TO remark",
        "ALTER TABLE item RENAME remark TO note");
  }

  @Test
  void a_source_column_of_another_type_is_told_and_waited_for() throws Exception {
    altered(
        "legacy",
        "read",
        "SourceChanged",
        "ALTER TABLE item ALTER id TYPE bigint",
        "ALTER TABLE item ALTER id TYPE integer");
  }

  /** Reads a table that is held up and one beside it, with one worker, and sees the other go on. */
  private void heldUp(String hold, String reason, String release) throws Exception {
    inBoth(
        "CREATE TABLE item (id integer PRIMARY KEY, note text)",
        "CREATE TABLE more (id integer PRIMARY KEY, note text)");
    for (String table : List.of("item", "more")) {
      databases.execute(
          "legacy",
          "INSERT INTO %s SELECT i, 'n' || i FROM generate_series(1, 3000) i".formatted(table),
          "ANALYZE " + table);
    }
    ChainSpec spec =
        new ChainSpec(
            databases.connections(),
            List.of(
                new StageSpec.Extract(
                    "read", "legacy", List.of("public.item", "public.more"), 1000),
                new StageSpec.Load("load", "read", "target", null, LoadMode.Upsert, List.of())));
    try (TestChain chain = new TestChain(nats.url(), name, spec)) {
      ChainPlan plan = plan(chain);
      databases.execute("legacy", hold);
      try (RunningStage read = RunningStage.start(chain, "read", databases.secrets);
          RunningStage load = RunningStage.start(chain, "load", databases.secrets)) {
        chain.dispatch(table(plan, "public.item"));
        chain.dispatch(table(plan, "public.more"));
        await().atMost(SOON).until(() -> chain.tally("load").passed() == 3000);
        assertThat(databases.checksum("target", "more"))
            .isEqualTo(databases.checksum("legacy", "more"));
        await()
            .atMost(SOON)
            .untilAsserted(
                () ->
                    assertThat(chain.stalls("read"))
                        .singleElement()
                        .satisfies(
                            stall -> {
                              assertThat(stall.reason()).isEqualTo(reason);
                              assertThat(stall.message()).contains("public.item");
                            }));
        databases.execute("legacy", release);
        awaitFinished(chain, plan);
        await().atMost(SOON).until(() -> chain.stalls("read").isEmpty());
        assertThat(chain.failures()).isEmpty();
        assertThat(databases.checksum("target", "item"))
            .isEqualTo(databases.checksum("legacy", "item"));
      } finally {
        databases.execute("legacy", release); // or the next test waits for it
      }
    }
  }

  @Test
  void a_source_table_that_is_altered_keeps_no_other_from_being_read() throws Exception {
    heldUp(
        "ALTER TABLE item ALTER id TYPE bigint",
        "SourceChanged",
        "ALTER TABLE item ALTER id TYPE integer");
  }

  @Test
  void a_source_table_that_somebody_has_locked_is_told_and_keeps_no_other_from_being_read()
      throws Exception {
    heldUp("BEGIN; LOCK TABLE item", "SourceLocked", "COMMIT");
  }

  @Test
  void a_target_column_that_is_gone_is_told_and_waited_for() throws Exception {
    altered(
        "target",
        "load",
        "TargetChanged",
        "ALTER TABLE item RENAME note TO remark",
        "ALTER TABLE item RENAME remark TO note");
  }

  @Test
  void a_target_table_that_is_gone_is_told_and_waited_for() throws Exception {
    altered(
        "target",
        "load",
        "TargetChanged",
        "ALTER TABLE item RENAME TO away",
        "ALTER TABLE away RENAME TO item");
  }

  @Test
  void values_that_the_target_cannot_hold_fail_alone_on_the_whole_way() throws Exception {
    databases.execute(
        "legacy",
        "CREATE TYPE mood AS ENUM ('glad', 'cross')",
        "CREATE TABLE item (id integer PRIMARY KEY, price numeric(10,4), mood mood, day date)",
        "INSERT INTO item SELECT i, i / 100.0, 'glad', '2024-01-01' FROM generate_series(1, 500) i",
        "UPDATE item SET price = 1.2345 WHERE id = 10",
        "UPDATE item SET mood = 'cross' WHERE id = 20",
        "UPDATE item SET day = '5874897-12-31' WHERE id = 30",
        "UPDATE item SET price = 99999 WHERE id = 40");
    databases.execute(
        "target",
        "CREATE TYPE mood AS ENUM ('glad')",
        "CREATE TABLE item (id integer PRIMARY KEY, price numeric(6,2), mood mood, day timestamp,"
            + " label text)");
    try (TestChain chain =
            new TestChain(
                nats.url(), name, chain(set("label", "record.id == 50 ? 'a\\u0000b' : 'fine'")));
        RunningStage read = RunningStage.start(chain, "read", databases.secrets);
        RunningStage clean = RunningStage.start(chain, "clean", databases.secrets);
        RunningStage load = RunningStage.start(chain, "load", databases.secrets)) {
      ChainPlan plan = plan(chain);
      assertThat(plan.startable()).isTrue();
      chain.dispatchAll(plan);
      awaitFinished(chain, plan);

      assertThat(chain.failures())
          .extracting(f -> f.detail().key() + " " + f.detail().cause().code())
          .containsExactlyInAnyOrder(
              "10 WouldChange",
              "20 InvalidText",
              "30 InvalidDateTime",
              "40 NumberOutOfRange",
              "50 InvalidCharacter");
      assertThat(chain.tally("load")).isEqualTo(new Counts(500, 495, 0, 5, 0, 0));
      assertThat(chain.checkpoints(plan)).allMatch(SplitCheckpoint::done);
      assertThat(databases.checksum("target", "(SELECT id, price::numeric(10,4) FROM item)"))
          .isEqualTo(
              databases.checksum(
                  "legacy", "(SELECT id, price FROM item WHERE id NOT IN (10, 20, 30, 40, 50))"));
    }
  }

  @Test
  void a_target_column_that_keeps_fewer_digits_in_mid_run_rounds_nothing() throws Exception {
    databases.execute(
        "legacy",
        "CREATE TABLE item (id integer PRIMARY KEY, price numeric(10,4))",
        "CREATE TABLE more (id integer PRIMARY KEY, price numeric(10,4))",
        "INSERT INTO item SELECT i, 1.2345 FROM generate_series(1, 500) i",
        "INSERT INTO more SELECT i, i + 0.25 FROM generate_series(501, 1000) i",
        "UPDATE more SET price = 1.2345 WHERE id = 700");
    databases.execute("target", "CREATE TABLE item (id integer PRIMARY KEY, price numeric(10,4))");
    ChainSpec spec =
        new ChainSpec(
            databases.connections(),
            List.of(
                new StageSpec.Extract(
                    "read", "legacy", List.of("public.item", "public.more"), 1000),
                new StageSpec.Load(
                    "load",
                    "read",
                    "target",
                    null,
                    LoadMode.Insert,
                    List.of(new StageSpec.TableMapping("public.more", "public.item")))));
    try (TestChain chain = new TestChain(nats.url(), name, spec);
        RunningStage read = RunningStage.start(chain, "read", databases.secrets);
        RunningStage load = RunningStage.start(chain, "load", databases.secrets)) {
      ChainPlan plan = plan(chain);
      chain.dispatch(table(plan, "public.item"));
      await().atMost(SOON).until(() -> chain.tally("load").passed() == 500);
      databases.execute(
          "target", "DELETE FROM item; ALTER TABLE item ALTER price TYPE numeric(10,2)");
      chain.dispatch(table(plan, "public.more"));
      awaitFinished(chain, plan);

      assertThat(chain.failures())
          .extracting(f -> f.detail().key() + " " + f.detail().cause().code())
          .containsExactly("700 WouldChange");
      assertThat(databases.checksum("target", "(SELECT id, price::numeric(10,4) FROM item)"))
          .isEqualTo(databases.checksum("legacy", "(SELECT id, price FROM more WHERE id <> 700)"));
    }
  }

  @Test
  void a_computed_value_is_held_to_the_digits_of_its_column_and_of_a_domain() throws Exception {
    databases.execute(
        "legacy",
        "CREATE TABLE item (id integer PRIMARY KEY, price numeric(10,2), cost numeric(10,4))",
        "INSERT INTO item SELECT i, i, i FROM generate_series(1, 100) i",
        "UPDATE item SET cost = 1.2345 WHERE id = 20");
    databases.execute(
        "target",
        "CREATE DOMAIN amount AS numeric(10,2)",
        "CREATE TABLE item (id integer PRIMARY KEY, price numeric(10,2), cost amount)");
    String third = "record.id == 10 ? record.price * decimal('0.3333') : record.price";
    try (TestChain chain = new TestChain(nats.url(), name, chain(set("price", third)));
        RunningStage read = RunningStage.start(chain, "read", databases.secrets);
        RunningStage clean = RunningStage.start(chain, "clean", databases.secrets);
        RunningStage load = RunningStage.start(chain, "load", databases.secrets)) {
      ChainPlan plan = plan(chain);
      chain.dispatchAll(plan);
      awaitFinished(chain, plan);

      assertThat(chain.failures())
          .extracting(
              f ->
                  f.detail().key()
                      + " "
                      + f.detail().cause().code()
                      + " "
                      + f.detail().cause().subject())
          .containsExactlyInAnyOrder("10 WouldChange price", "20 WouldChange cost");
    }
  }

  @Test
  void numbers_in_an_array_are_held_to_the_digits_of_a_domain() throws Exception {
    databases.execute(
        "legacy",
        "CREATE TABLE item (id integer PRIMARY KEY, prices numeric[])",
        "INSERT INTO item SELECT i, ARRAY[i, NULL, i + 0.25] FROM generate_series(1, 100) i",
        "UPDATE item SET prices = ARRAY[1, 1.239] WHERE id = 20");
    databases.execute(
        "target",
        "CREATE DOMAIN small_price AS numeric(10,2)",
        "CREATE TABLE item (id integer PRIMARY KEY, prices small_price[])");
    try (TestChain chain = new TestChain(nats.url(), name, chain(filter("true")));
        RunningStage read = RunningStage.start(chain, "read", databases.secrets);
        RunningStage clean = RunningStage.start(chain, "clean", databases.secrets);
        RunningStage load = RunningStage.start(chain, "load", databases.secrets)) {
      ChainPlan plan = plan(chain);
      chain.dispatchAll(plan);
      awaitFinished(chain, plan);

      assertThat(chain.failures())
          .extracting(f -> f.detail().key() + " " + f.detail().cause().code())
          .containsExactly("20 WouldChange");
      assertThat(databases.query("target", "SELECT count(*) FROM item")).containsExactly("99");
    }
  }

  @Test
  void a_login_whose_statements_may_take_a_moment_only_loads_what_takes_longer() throws Exception {
    items();
    databases.execute(
        "target",
        "CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS"
            + " 'BEGIN PERFORM pg_sleep(0.002); RETURN NEW; END'",
        "CREATE TRIGGER slow BEFORE INSERT ON item FOR EACH ROW EXECUTE FUNCTION slow()",
        "ALTER ROLE postgres IN DATABASE target SET statement_timeout = '500ms'");
    try (TestChain chain = new TestChain(nats.url(), name, chain(filter("true")))) {
      ChainPlan plan = plan(chain);
      try (RunningStage read = RunningStage.start(chain, "read", databases.secrets);
          RunningStage clean = RunningStage.start(chain, "clean", databases.secrets);
          RunningStage load = RunningStage.start(chain, "load", databases.secrets)) {
        chain.dispatchAll(plan);
        awaitFinished(chain, plan);
        assertThat(chain.failures()).isEmpty();
        assertThat(databases.checksum("target", "item"))
            .isEqualTo(databases.checksum("legacy", "item"));
      }
    } finally {
      databases.execute("target", "ALTER ROLE postgres IN DATABASE target RESET statement_timeout");
    }
  }

  @Test
  void a_batch_that_another_version_decided_otherwise_is_told_and_none_of_it_is_lost()
      throws Exception {
    items();
    try (TestChain chain = new TestChain(nats.url(), name, chain(set("note", "record.note")));
        RunningStage read = RunningStage.start(chain, "read", databases.secrets)) {
      ChainPlan plan = plan(chain);
      String batch = BatchId.extracted(SplitId.of("public.item", 0), 0).text();
      StageContext context = chain.context("clean");
      new DecisionLog(chain.nats, chain.names, context.publisher(), context.stalls())
          .decide(
              "clean",
              new Decision(
                  batch,
                  1,
                  Origin.queue,
                  TestChain.REVISION,
                  "",
                  new Counts(7, 7, 0, 0, 0, 0),
                  List.of(7),
                  List.of(),
                  0,
                  "2026-01-01T00:00:00Z"));
      chain.dispatchAll(plan);
      try (RunningStage clean = RunningStage.start(chain, "clean", databases.secrets);
          RunningStage load = RunningStage.start(chain, "load", databases.secrets)) {
        await()
            .atMost(SOON)
            .untilAsserted(
                () ->
                    assertThat(chain.stalls("clean"))
                        .singleElement()
                        .satisfies(
                            stall -> {
                              assertThat(stall.reason()).isEqualTo("BatchStuck");
                              assertThat(stall.message()).contains(batch, "another version");
                            }));
        assertThat(chain.failures()).isEmpty();
        chain
            .nats
            .jetStreamManagement()
            .purgeStream(
                chain.names.decisionsStream(),
                PurgeOptions.subject(chain.names.decisionSubject("clean", batch)));
        awaitFinished(chain, plan);
        await().atMost(SOON).until(() -> chain.stalls("clean").isEmpty());
      }
      assertThat(databases.checksum("target", "item"))
          .isEqualTo(databases.checksum("legacy", "item"));
    }
  }
}
