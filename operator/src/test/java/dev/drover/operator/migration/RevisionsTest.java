package dev.drover.operator.migration;

import static org.assertj.core.api.Assertions.assertThat;

import dev.drover.api.v1alpha1.MigrationSpec;
import dev.drover.operator.Specs;
import dev.drover.wire.plan.ChainPlan;
import dev.drover.wire.plan.ChainSpec;
import dev.drover.wire.plan.LookupPlan;
import dev.drover.wire.plan.LookupSpec;
import dev.drover.wire.plan.StageSpec;
import dev.drover.wire.plan.TablePlan;
import dev.drover.wire.schema.ColumnType;
import dev.drover.wire.schema.RecordSchema;
import dev.drover.wire.state.WireJson;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RevisionsTest {
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "maxConnections: 3 | maxConnections: 9",
        "scale: {maxReplicas: 4} | scale: {maxReplicas: 9}",
        "connections: | suspend: true~  connections:",
        "connections: | mode: PlanOnly~  connections:",
        "connections: | queueDeletionPolicy: Delete~  connections:",
        "connections: | failedRecords: {maxResources: 3}~  connections:",
        "connections: | errorBudget: {maxRecords: 3}~  connections:",
      })
  void what_planning_does_not_depend_on_keeps_the_revision(String text, String other) {
    assertThat(Revisions.of(Specs.with(text, other.replace('~', '\n'))))
        .isEqualTo(Revisions.of(Specs.plain()))
        .hasSize(10);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "record.qty > 0 | record.qty > 1",
        "jdbc:postgresql://shop/shop | jdbc:postgresql://shop/other",
        "name: shop-db | name: shop-db2",
        "public.orders | public.order",
        "load: {connectionName: shop} | load: {connectionName: shop, mode: Insert}",
        "tables: [\"public.orders\"] | tables: [\"public.orders\"], splitRecords: 200",
      })
  void what_planning_depends_on_makes_a_new_revision(String text, String other) {
    assertThat(Revisions.of(Specs.with(text, other))).isNotEqualTo(Revisions.of(Specs.plain()));
  }

  @Test
  void a_changed_rule_changes_the_hash_of_its_own_stage_alone() {
    MigrationSpec before = Specs.plain();
    MigrationSpec after = Specs.with("record.qty > 0", "record.qty > 1");
    for (String stage : new String[] {"read", "load"}) {
      assertThat(hash(after, stage)).isEqualTo(hash(before, stage));
    }
    assertThat(hash(after, "clean")).isNotEqualTo(hash(before, "clean"));
  }

  @Test
  void a_spec_maps_to_the_chain_that_workers_read() {
    ChainSpec chain =
        ChainMapping.chain(
            Specs.with(
                "load: {connectionName: shop}",
                "load: {connectionName: shop, schema: crm, mode: Insert, tables: [{from: public.a, to: x.b}]}"));
    assertThat(chain.connection("shop").maxConnections()).isEqualTo(3);
    assertThat(chain.stage("read")).isInstanceOf(StageSpec.Extract.class);
    StageSpec.Transform clean = (StageSpec.Transform) chain.stage("clean");
    assertThat(clean.steps().getFirst().require().code()).isEqualTo("QtyNotPositive");
    assertThat(clean.steps().getFirst().tables()).isEmpty();
    StageSpec.Load load = (StageSpec.Load) chain.stage("load");
    assertThat(load.mode()).isEqualTo(StageSpec.LoadMode.Insert);
    assertThat(load.targetOf("public.a")).isEqualTo("x.b");
    assertThat(load.targetOf("public.c")).isEqualTo("crm.c");
    assertThat(chain.indexOf("load")).isEqualTo(2);
  }

  @Test
  void an_enrich_maps_with_its_defaults_and_counts_as_a_user_of_its_connection() {
    String query = "select tier from c where id = :id";
    String enrich = "enrich: {connectionName: legacy, query: \"%s\"%s}";
    String load = "- name: load";
    String before = "- name: tiers\n      from: clean\n      %s\n    " + load;
    StageSpec.Enrich plain =
        (StageSpec.Enrich)
            ChainMapping.chain(Specs.with(load, before.formatted(enrich.formatted(query, ""))))
                .stage("tiers");
    assertThat(plain)
        .isEqualTo(
            new StageSpec.Enrich(
                "tiers",
                "clean",
                "legacy",
                java.util.List.of(),
                query,
                StageSpec.OnMissing.Fail,
                null,
                30));
    assertThat(StageConnections.name(plain)).isEqualTo("legacy");
    StageSpec.Enrich full =
        (StageSpec.Enrich)
            ChainMapping.chain(
                    Specs.with(
                        load,
                        before.formatted(
                            enrich.formatted(
                                query,
                                ", onMissing: Keep, tables: [public.a], cache: {ttlSeconds: 5}, timeoutSeconds: 7"))))
                .stage("tiers");
    assertThat(full.cache()).isEqualTo(new StageSpec.Cache(100_000, 5));
    assertThat(full.onMissing()).isEqualTo(StageSpec.OnMissing.Keep);
    assertThat(full.tables()).containsExactly("public.a");
    assertThat(full.timeoutSeconds()).isEqualTo(7);
  }

  @Test
  void a_lookup_over_http_maps_without_its_secrets_and_its_rate_and_uses_no_connection() {
    String load = "- name: load";
    String stage =
        "- name: tiers\n      from: clean\n      enrich: {http: {url: \"https://crm/c/{id}\","
            + " caSecretRef: {name: ca}, requestsPerSecond: %d, headers: [{name: Authorization,"
            + " valueFrom: {secretKeyRef: {name: crm, key: header}}}, {name: X-Of, value: shop}],"
            + " fields: [{name: tier, pointer: /tier}, {name: since, pointer: /since, type:"
            + " TimestampTz, optional: true}]}}\n    "
            + load;
    MigrationSpec spec = Specs.with(load, stage.formatted(7));
    StageSpec.Enrich tiers = (StageSpec.Enrich) ChainMapping.chain(spec).stage("tiers");
    assertThat(tiers.lookup())
        .isEqualTo(
            new LookupSpec.Http(
                "https://crm/c/{id}",
                List.of(
                    new LookupSpec.Header("Authorization", null),
                    new LookupSpec.Header("X-Of", "shop")),
                true,
                List.of(
                    new LookupSpec.Field("tier", "/tier", ColumnType.TEXT, "text", false),
                    new LookupSpec.Field(
                        "since",
                        "/since",
                        ColumnType.TIMESTAMPTZ,
                        "timestamp with time zone",
                        true)),
                List.of(404),
                8,
                262_144));
    assertThat(StageConnections.name(tiers)).isNull();
    assertThat(Revisions.of(Specs.with(load, stage.formatted(8))))
        .as("a rate is told, not planned")
        .isEqualTo(Revisions.of(spec));
    assertThat(Revisions.of(Specs.with(load, stage.formatted(7).replace("key: header", "key: h"))))
        .as("another secret is planned anew, so that a missing one rolls nobody")
        .isNotEqualTo(Revisions.of(spec));
    assertThat(WireJson.parse(WireJson.bytes(tiers), StageSpec.class)).isEqualTo(tiers);
    assertThat(new String(WireJson.bytes(query()), StandardCharsets.UTF_8))
        .as("the hash of what asks a query stays")
        .doesNotContain("http");
  }

  private static StageSpec.Enrich query() {
    return new StageSpec.Enrich(
        "tiers", "clean", "legacy", List.of(), "q", StageSpec.OnMissing.Fail, null, 30);
  }

  @Test
  void a_stages_workers_start_anew_for_what_is_planned_for_them_and_for_nobody_else() {
    StageSpec.Enrich tiers = query();
    ChainSpec chain = new ChainSpec(List.of(), List.of(tiers));
    LookupPlan one = new LookupPlan(tiers.name(), "public.a", List.of());
    LookupPlan joined = new LookupPlan(tiers.name(), "public.b", List.of());
    LookupPlan another = new LookupPlan("another", "public.b", List.of());
    String before = Revisions.ofWorkers(tiers, null, chain, plan(one));
    assertThat(Revisions.ofWorkers(tiers, null, chain, plan(one, another))).isEqualTo(before);
    assertThat(Revisions.ofWorkers(tiers, null, chain, plan(one, joined))).isNotEqualTo(before);
    assertThat(Revisions.ofWorkers(tiers, null, chain, plan()))
        .isEqualTo(Revisions.ofStage(tiers, null));
  }

  @Test
  void a_loads_workers_start_anew_for_a_table_that_joins_what_they_load_and_for_no_other() {
    ChainSpec chain = ChainMapping.chain(Specs.plain());
    StageSpec load = chain.stage("load");
    String before = Revisions.ofWorkers(load, null, chain, reading("read", "public.a"));
    assertThat(Revisions.ofWorkers(load, null, chain, reading("read", "public.a", "public.b")))
        .isNotEqualTo(before);
    assertThat(Revisions.ofWorkers(load, null, chain, reading("another", "public.b")))
        .isEqualTo(Revisions.ofStage(load, null));
    StageSpec clean = chain.stage("clean");
    assertThat(Revisions.ofWorkers(clean, null, chain, reading("read", "public.a", "public.b")))
        .isEqualTo(Revisions.ofStage(clean, null));
  }

  private static ChainPlan reading(String extract, String... tables) {
    return new ChainPlan(
        List.of(),
        Arrays.stream(tables)
            .map(
                t ->
                    new TablePlan(
                        extract,
                        t,
                        new RecordSchema(t, List.of()),
                        List.of("id"),
                        List.of(),
                        1,
                        List.of()))
            .toList(),
        Map.of());
  }

  private static ChainPlan plan(LookupPlan... lookups) {
    return new ChainPlan(List.of(), List.of(), Map.of(), List.of(), List.of(lookups));
  }

  private static String hash(MigrationSpec spec, String stage) {
    return Revisions.ofStage(ChainMapping.chain(spec).stage(stage), spec.connections().getFirst());
  }
}
