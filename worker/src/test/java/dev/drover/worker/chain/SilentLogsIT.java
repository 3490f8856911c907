package dev.drover.worker.chain;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.drover.wire.plan.ChainPlan;
import dev.drover.wire.plan.ChainSpec;
import dev.drover.wire.plan.ConnectionSpec;
import dev.drover.wire.plan.StageSpec;
import dev.drover.wire.plan.StageSpec.LoadMode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

/** No worker's log holds a record's values, however the record fails. */
class SilentLogsIT extends ChainScenario {
  @Test
  void a_record_that_fails_at_any_stage_leaves_no_value_in_a_log() throws Exception {
    databases.execute(
        "postgres", "CREATE DATABASE silent TEMPLATE template0 ENCODING 'sql_ascii' LOCALE 'C'");
    databases.execute(
        "silent",
        "CREATE TABLE person (id text PRIMARY KEY, name text, age text)",
        "INSERT INTO person SELECT 'planted-key-' || i, 'planted-name-' || i, 'planted-age-' || i"
            + " FROM generate_series(1, 100) i",
        "UPDATE person SET name = name || convert_from('\\xff', 'SQL_ASCII') WHERE id = 'planted-key-7'",
        "UPDATE person SET name = repeat(name, 9) WHERE id = 'planted-key-8'",
        "UPDATE person SET name = name || ' unwanted' WHERE id = 'planted-key-9'");
    databases.execute(
        "target", "CREATE TABLE person (id text PRIMARY KEY, name varchar(40), age text)");
    databases.execute("target", "ALTER TABLE person ADD CHECK (age <> 'planted-age-10')");
    ChainSpec spec =
        new ChainSpec(
            List.of(
                new ConnectionSpec("legacy", databases.url("silent"), 4),
                databases.connections().get(1)),
            List.of(
                new StageSpec.Extract("read", "legacy", List.of("public.person"), 100_000),
                new StageSpec.Transform(
                    "clean", "read", List.of(require("!record.name.endsWith('unwanted')", "Bad"))),
                new StageSpec.Load("load", "clean", "target", null, LoadMode.Upsert, List.of())));
    Path log = Files.createTempFile("workers", ".log");
    try (TestChain chain = new TestChain(nats.url(), name, spec);
        WorkerProcess read =
            WorkerProcess.start(nats.url(), name, "read", databases.secrets, log.toFile());
        WorkerProcess clean =
            WorkerProcess.start(nats.url(), name, "clean", databases.secrets, log.toFile());
        WorkerProcess load =
            WorkerProcess.start(nats.url(), name, "load", databases.secrets, log.toFile())) {
      ChainPlan plan = plan(chain);
      chain.dispatchAll(plan);
      awaitFinished(chain, plan);
      await().atMost(SOON).until(() -> chain.failures().size() == 4);
      assertThat(chain.failures())
          .extracting(f -> f.detail().cause().code())
          .containsExactlyInAnyOrder("Unreadable", "Bad", "ValueTooLong", "CheckViolated");
    }
    assertThat(Files.readString(log)).contains("cannot be read").doesNotContain("planted");
  }

  @Test
  void what_a_source_says_of_a_failure_is_told_without_a_value() throws Exception {
    databases.execute(
        "legacy",
        "CREATE TABLE person (id integer PRIMARY KEY, name text)",
        "INSERT INTO person SELECT i, 'planted-' || i FROM generate_series(1, 100) i",
        """
        CREATE FUNCTION slow(name text) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN
          RAISE EXCEPTION 'no time left for %', name USING ERRCODE = '57014', DETAIL = name;
        END $$
        """,
        "ALTER TABLE person ENABLE ROW LEVEL SECURITY",
        "CREATE POLICY slow ON person USING (slow(name))",
        "DROP ROLE IF EXISTS watched",
        "CREATE ROLE watched LOGIN PASSWORD 'watched'",
        "GRANT USAGE ON SCHEMA public TO watched",
        "GRANT SELECT ON person TO watched");
    databases.execute("target", "CREATE TABLE person (id integer PRIMARY KEY, name text)");
    ChainSpec spec =
        new ChainSpec(
            databases.connections(),
            List.of(
                new StageSpec.Extract("read", "legacy", List.of("public.person"), 100_000),
                new StageSpec.Load("load", "read", "target", null, LoadMode.Insert, List.of())));
    Path secrets = Files.createTempDirectory("watched");
    Path legacy = Files.createDirectory(secrets.resolve("legacy"));
    Files.writeString(legacy.resolve("username"), "watched");
    Files.writeString(legacy.resolve("password"), "watched");
    Path log = Files.createTempFile("workers", ".log");
    try (TestChain chain = new TestChain(nats.url(), name, spec)) {
      chain.dispatchAll(plan(chain));
      try (WorkerProcess read =
          WorkerProcess.start(nats.url(), name, "read", secrets, log.toFile())) {
        await()
            .atMost(SOON)
            .untilAsserted(
                () ->
                    assertThat(chain.stalls("read"))
                        .singleElement()
                        .satisfies(
                            told -> {
                              assertThat(told.reason()).isEqualTo("SourceTimeout");
                              assertThat(told.message())
                                  .contains("public.person", "57014")
                                  .doesNotContain("planted");
                            }));
      }
    }
    assertThat(Files.readString(log)).contains("57014").doesNotContain("planted");
  }
}
