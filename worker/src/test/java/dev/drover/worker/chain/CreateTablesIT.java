package dev.drover.worker.chain;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.drover.wire.plan.ChainPlan;
import dev.drover.wire.plan.ChainSpec;
import dev.drover.wire.plan.Finding;
import dev.drover.wire.plan.Finding.Severity;
import dev.drover.wire.plan.StageSpec;
import dev.drover.wire.plan.StageSpec.CreateTables;
import dev.drover.wire.plan.StageSpec.Indexes;
import dev.drover.wire.plan.StageSpec.LoadMode;
import dev.drover.wire.plan.Step;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** {@code createTables: IfMissing}: what the target lacks is made from the source's schema. */
class CreateTablesIT extends ChainScenario {
  private static final String COLUMNS =
      """
      SELECT a.attname || ' ' || format_type(a.atttypid, a.atttypmod)
        || CASE WHEN a.attnotnull THEN ' not null' ELSE '' END
        || CASE a.attidentity WHEN 'a' THEN ' always' WHEN 'd' THEN ' by default' ELSE '' END
        || coalesce(' = ' || pg_get_expr(d.adbin, d.adrelid), '')
      FROM pg_attribute a LEFT JOIN pg_attrdef d ON (d.adrelid, d.adnum) = (a.attrelid, a.attnum)
      WHERE a.attrelid = '%s'::regclass AND a.attnum > 0 ORDER BY a.attnum
      """;

  private static final String CONSTRAINTS =
      "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = '%s'::regclass"
          + " AND contype <> 'n' ORDER BY 1";

  @BeforeEach
  void source() throws Exception {
    databases.execute("target", "DROP SCHEMA IF EXISTS fresh CASCADE");
    databases.execute(
        "legacy",
        "CREATE TYPE mood AS ENUM ('sad', 'it''s ok', 'happy')",
        """
        CREATE TABLE person (
          id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
          "Full Name" varchar(40) NOT NULL DEFAULT 'nobody',
          now mood NOT NULL DEFAULT 'happy', moods mood[],
          born date, pay numeric(10,2) DEFAULT 0, seen timestamptz DEFAULT now(),
          shout text GENERATED ALWAYS AS (upper("Full Name")) STORED,
          legacy_flag integer)
        """,
        "CREATE TABLE visit (a serial, b uuid DEFAULT gen_random_uuid(), note text,"
            + " person bigint REFERENCES person, PRIMARY KEY (b, a))",
        "CREATE INDEX ON visit (person)",
        "INSERT INTO person (\"Full Name\", now, moods, born, pay, legacy_flag)"
            + " SELECT 'p' || i, (ARRAY['sad', 'it''s ok', 'happy'])[1 + i % 3]::mood,"
            + " ARRAY['sad', NULL]::mood[], date '2000-01-01' + i, i / 7.0, i"
            + " FROM generate_series(1, 500) i",
        "INSERT INTO visit (note, person) SELECT 'n' || i, 1 + i % 500"
            + " FROM generate_series(1, 3000) i",
        "ANALYZE");
  }

  private static ChainSpec chain(@Nullable String schema, Step... steps) {
    return new ChainSpec(
        databases.connections(),
        List.of(
            new StageSpec.Extract("read", "legacy", List.of("public.*"), 1000),
            new StageSpec.Transform("clean", "read", List.of(steps)),
            new StageSpec.Load(
                "load",
                "clean",
                "target",
                schema,
                LoadMode.Upsert,
                List.of(),
                CreateTables.IfMissing,
                Indexes.Keep)));
  }

  private static Step forPersons(
      List<Step.Assignment> set, List<Step.Rename> rename, String... remove) {
    return new Step(List.of("public.person"), null, null, set, rename, List.of(remove));
  }

  private static final Step RENAME =
      forPersons(List.of(), List.of(new Step.Rename("Full Name", "name")));
  private static final Step SET =
      forPersons(
          List.of(new Step.Assignment("age", "2026 - record.born.getFullYear()")), List.of());
  private static final Step REMOVE = forPersons(List.of(), List.of(), "legacy_flag");

  private ChainPlan planned(ChainSpec spec) throws Exception {
    try (TestChain chain = new TestChain(nats.url(), name, spec)) {
      return plan(chain);
    }
  }

  @Test
  void planning_tells_what_will_be_made_and_makes_nothing() throws Exception {
    ChainPlan plan = planned(chain(null, RENAME, SET, REMOVE));
    assertThat(plan.startable()).isTrue();
    assertThat(plan.findings()).allMatch(f -> f.path().equals("spec.stages[2].load.createTables"));
    assertThat(plan.findings())
        .filteredOn(f -> f.reason().equals("TablesMissing"))
        .singleElement()
        .extracting(Finding::message)
        .asString()
        .contains(
            "2 tables",
            "public.person (key id)",
            "public.visit (key b, a)",
            "without foreign keys");
    assertThat(plan.findings())
        .filteredOn(f -> f.reason().equals("GeneratedColumn"))
        .singleElement()
        .extracting(Finding::message)
        .asString()
        .contains("public.person.shout");
    assertThat(
            databases.query(
                "target",
                "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace"))
        .isEmpty();
  }

  @Test
  void tables_are_made_as_their_records_arrive_and_any_number_of_workers_load_them()
      throws Exception {
    try (TestChain chain = new TestChain(nats.url(), name, chain(null, RENAME, SET, REMOVE))) {
      ChainPlan plan = plan(chain);
      try (RunningStage read = RunningStage.start(chain, "read", databases.secrets);
          RunningStage clean = RunningStage.start(chain, "clean", databases.secrets);
          RunningStage one = RunningStage.startPlanned(chain, "load", databases.secrets, plan);
          RunningStage two = RunningStage.startPlanned(chain, "load", databases.secrets, plan)) {
        chain.dispatchAll(plan);
        awaitFinished(chain, plan);
        chain.askToFinish("load");
        await().atMost(SOON).until(() -> chain.isFinished("load"));
      }
      assertThat(chain.failures()).isEmpty();
    }
    assertThat(databases.query("target", COLUMNS.formatted("person")))
        .containsExactly(
            "id bigint not null always",
            "name character varying(40) not null = 'nobody'::character varying",
            "now mood not null = 'happy'::mood",
            "moods mood[]",
            "born date",
            "pay numeric(10,2) = 0",
            "seen timestamp with time zone = now()",
            "shout text",
            "age bigint not null");
    assertThat(databases.query("target", CONSTRAINTS.formatted("person")))
        .containsExactly("PRIMARY KEY (id)");
    assertThat(databases.query("target", COLUMNS.formatted("visit")))
        .containsExactly(
            "a integer not null by default",
            "b uuid not null = gen_random_uuid()",
            "note text",
            "person bigint");
    assertThat(databases.query("target", CONSTRAINTS.formatted("visit")))
        .containsExactly("PRIMARY KEY (b, a)");
    assertThat(databases.query("target", "SELECT unnest(enum_range(NULL::mood))::text"))
        .containsExactly("sad", "it's ok", "happy");
    assertThat(databases.checksum("target", "(SELECT id, name, now, moods, born, pay FROM person)"))
        .isEqualTo(
            databases.checksum(
                "legacy", "(SELECT id, \"Full Name\", now, moods, born, pay FROM person)"));
    assertThat(databases.checksum("target", "visit"))
        .isEqualTo(databases.checksum("legacy", "visit"));
    assertThat(
            databases.query(
                "target", "INSERT INTO person (name, age) VALUES ('new', 0) RETURNING id"))
        .as("numbering goes on behind what was loaded")
        .containsExactly("501");
    assertThat(databases.query("target", "INSERT INTO visit (note) VALUES ('') RETURNING a"))
        .containsExactly("3001");
  }

  @Test
  void a_schema_that_is_missing_is_made_and_takes_the_enums_of_its_tables() throws Exception {
    try (TestChain chain = new TestChain(nats.url(), name, chain("fresh", REMOVE))) {
      ChainPlan plan = plan(chain);
      assertThat(plan.findings())
          .filteredOn(f -> f.reason().equals("DefaultNotCarriedOver"))
          .singleElement()
          .extracting(Finding::message)
          .asString()
          .contains("fresh.person.now");
      try (RunningStage read = RunningStage.start(chain, "read", databases.secrets);
          RunningStage clean = RunningStage.start(chain, "clean", databases.secrets);
          RunningStage load = RunningStage.startPlanned(chain, "load", databases.secrets, plan)) {
        chain.dispatchAll(plan);
        awaitFinished(chain, plan);
      }
    }
    assertThat(databases.query("target", "SELECT DISTINCT pg_typeof(now)::text FROM fresh.person"))
        .containsExactly("fresh.mood");
    assertThat(databases.query("target", "SELECT count(*) FROM fresh.visit"))
        .containsExactly("3000");
    assertThat(databases.query("target", "SELECT count(*) > 0 FROM fresh.drover_ledger"))
        .as("each row counts once here too")
        .containsExactly("t");
  }

  @Test
  void a_table_that_is_there_is_taken_as_it_is() throws Exception {
    databases.execute("target", "CREATE TABLE visit (b uuid PRIMARY KEY, note varchar(10))");
    ChainPlan plan = planned(chain(null, REMOVE));
    assertThat(plan.startable()).isFalse();
    assertThat(plan.findings())
        .filteredOn(f -> f.severity() == Severity.Error)
        .extracting(Finding::reason)
        .containsOnly("TargetColumnMissing");
  }

  @Test
  void a_domain_that_the_target_lacks_is_told_with_what_to_do() throws Exception {
    databases.execute(
        "legacy",
        "CREATE DOMAIN plate AS text CHECK (value <> '')",
        "CREATE TABLE car (plate plate PRIMARY KEY)");
    ChainPlan plan = planned(chain(null));
    assertThat(plan.startable()).isFalse();
    assertThat(plan.newTables()).isEmpty();
    Finding finding = plan.findings().getFirst();
    assertThat(finding.reason()).isEqualTo("TypeMissing");
    assertThat(finding.path()).isEqualTo("spec.stages[2].load.createTables");
    assertThat(finding.message()).contains("public.plate", "public.car.plate", "CREATE DOMAIN");
  }

  @Test
  void an_upsert_needs_the_key_to_reach_the_target() throws Exception {
    ChainPlan plan = planned(chain(null, forPersons(List.of(), List.of(), "id")));
    assertThat(plan.startable()).isFalse();
    assertThat(plan.findings().getFirst().reason()).isEqualTo("NoKeyForUpsert");
  }
}
