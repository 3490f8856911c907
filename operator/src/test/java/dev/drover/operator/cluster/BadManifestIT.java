package dev.drover.operator.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import dev.drover.api.cluster.ApiServer;
import dev.drover.api.v1alpha1.ErrorBudget;
import dev.drover.api.v1alpha1.Migration;
import dev.drover.api.v1alpha1.MigrationSpec;
import dev.drover.api.v1alpha1.Stage;
import io.fabric8.kubernetes.api.model.NamespaceBuilder;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What {@code kubectl apply} refuses by itself, with no operator running, and what it fills in. */
class BadManifestIT {
  private static final String NAMESPACE = "manifests";

  @BeforeAll
  static void namespace() {
    ApiServer.get()
        .client()
        .resource(
            new NamespaceBuilder().withNewMetadata().withName(NAMESPACE).endMetadata().build())
        .create();
  }

  @ParameterizedTest(name = "{2}")
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "from: clean | from: cleen | name a stage of this migration that has a queue",
        "from: clean | from: load | a stage cannot read its own queue",
        "from: read | from: load | name a stage of this migration that has a queue",
        "from: read | extract: {connectionName: legacy, tables: [\"a.b\"]} | exactly one of extract, transform, enrich and load",
        "- name: load | - name: clean | Duplicate value",
        "maxConnections: 3 | maxConnections: -3 | should be greater than or equal to 1",
        "maxConnections: 3 | maxConnections: 0 | should be greater than or equal to 1",
        "load: {connectionName: shop} | load: {connectionName: shp} | name one of spec.connections",
        "extract: {connectionName: legacy, | extract: {connectionName: lgacy, | name one of spec.connections",
        "load: {connectionName: shop} | enrich: {connectionName: crm, query: select 1} | spec.stages[].enrich.connectionName: name one of spec.connections",
        "load: {connectionName: shop} | enrich: {connectionName: shop} | exactly one of query (with its connectionName) and http",
        "load: {connectionName: shop} | enrich: {query: select 1} | query and connectionName go together",
        "load: {connectionName: shop} | enrich: {connectionName: shop, query: s, http: {url: \"http://h/{id}\", fields: [{name: a, pointer: /a}]}} | exactly one of query (with its connectionName) and http",
        "load: {connectionName: shop} | enrich: {connectionName: shop, http: {url: \"http://h/{id}\", fields: [{name: a, pointer: /a}]}} | neither with http",
        "load: {connectionName: shop} | enrich: {http: {url: \"http://me:pw@host/{id}\", fields: [{name: a, pointer: /a}]}} | without user, password",
        "load: {connectionName: shop} | enrich: {http: {url: \"http://crm/customers\", fields: [{name: a, pointer: /a}]}} | name a field of the record",
        "load: {connectionName: shop} | enrich: {http: {url: \"http://crm/c/{id}\", fields: [{name: a, pointer: a/b}]}} | should match",
        "load: {connectionName: shop} | enrich: {http: {url: \"http://crm/c/{id}\", fields: [{name: a, pointer: /a, type: Money}]}} | Unsupported value",
        "load: {connectionName: shop} | enrich: {http: {url: \"http://crm/c/{id}\"}} | fields: Required value",
        "load: {connectionName: shop} | enrich: {http: {url: \"http://crm/c/{id}\", fields: [{name: a, pointer: /a}], concurrency: 65}} | should be less than or equal to 64",
        "load: {connectionName: shop} | enrich: {http: {url: \"http://crm/c/{id}\", fields: [{name: a, pointer: /a}], headers: [{name: Authorization, value: x}]}} | credentials do not belong here",
        "load: {connectionName: shop} | enrich: {http: {url: \"http://crm/c/{id}\", fields: [{name: a, pointer: /a}], headers: [{name: X-A}]}} | exactly one of value and valueFrom",
        "load: {connectionName: shop} | enrich: {http: {url: \"http://crm/c/{id}\", fields: [{name: a, pointer: /a}], headers: [{name: Host, value: x}]}} | set by the connection itself",
        "load: {connectionName: shop} | enrich: {connectionName: shop, query: s, onMissing: Guess} | Unsupported value",
        "load: {connectionName: shop} | enrich: {connectionName: shop, query: s, cache: {ttlSeconds: 0}} | should be greater than or equal to 1",
        "load: {connectionName: shop} | enrich: {connectionName: shop, query: s, timeoutSeconds: 601} | should be less than or equal to 600",
        "scale: {maxReplicas: 4} | scale: {minReplicas: 5, maxReplicas: 4} | minReplicas is more than maxReplicas",
        "scale: {maxReplicas: 4} | scale: {maxReplicas: -1} | should be greater than or equal to 1",
        "jdbc:postgresql://shop/shop | jdbc:postgresql://shop/shop?user=me | credentials do not belong here",
        "jdbc:postgresql://shop/shop | jdbc:postgresql://shop/shop?ssl=true&password=x | credentials do not belong here",
        "jdbc:postgresql://shop/shop | jdbc:mysql://shop/shop | should match '^jdbc:postgresql://.+$'",
        "code: QtyNotPositive | code: qty not positive | should match '^[A-Z][A-Za-z0-9]*$'",
        "- require: {that: \"record.qty > 0\", code: QtyNotPositive} | - {filter: \"true\", remove: [x]} | exactly one of require, filter, set, rename and remove",
        "tables: [\"public.orders\"] | tables: [] | should have at least 1 items",
        "tables: [\"public.orders\"] | tables: [\"orders\"] | should match",
        "name: bad | name: bad.dots | use at most 40 characters and no dots",
        "name: bad | name: bad-0123456789-0123456789-0123456789-01234 | use at most 40 characters and no dots",
        "- name: clean | - name: Clean | should match '^[a-z]([-a-z0-9]*[a-z0-9])?$'",
        "from: clean | from: read | every extract, transform and enrich needs a stage that reads its queue",
        "from: clean | frm: clean | unknown field",
        "scale: {maxReplicas: 4} | backfill: true | backfill: an extract reads all there is by itself",
      })
  void a_bad_manifest_is_refused_with_what_to_mend(String good, String bad, String said) {
    String manifest = Manifests.migration("bad");
    assertThat(manifest).contains(good);
    ApiServer.Result result =
        ApiServer.get().apply(NAMESPACE, manifest.replaceFirst(quote(good), quoteTo(bad)));
    assertThat(result.output()).contains(said);
    assertThat(result.code()).isNotZero();
    assertThat(
            ApiServer.get()
                .client()
                .resources(Migration.class)
                .inNamespace(NAMESPACE)
                .withName("bad")
                .get())
        .isNull();
  }

  @ParameterizedTest
  @ValueSource(strings = {"replicas: 2", "maxBytes: 2 GB", "maxBytes: 0Gi", "replicas: 7"})
  void queues_that_cannot_be_are_refused(String queues) {
    ApiServer.Result result =
        ApiServer.get()
            .apply(
                NAMESPACE,
                Manifests.migration("bad")
                    .replace("spec:\n", "spec:\n  queues: {" + queues + "}\n"));
    assertThat(result.code()).isNotZero();
    assertThat(result.output()).contains("spec.queues." + queues.substring(0, queues.indexOf(':')));
  }

  @Test
  void a_stage_that_is_there_cannot_be_abandoned() {
    String manifest = Manifests.migration("bad");
    ApiServer.Result there =
        ApiServer.get()
            .apply(
                NAMESPACE,
                manifest.replace("spec:\n", "spec:\n  abandonedStages: [mirror, load]\n"));
    assertThat(there.code()).isNotZero();
    assertThat(there.output()).contains("spec.abandonedStages: names stages that are taken out");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{maxPercent: 100} | should be less than or equal to 99",
        "{maxPercent: -1} | should be greater than or equal to 0",
        "{maxPercent: 2.5} | errorBudget.maxPercent",
        "{maxRecords: -1} | should be greater than or equal to 0",
        "{maxPercent: 5, windowSeconds: 1h} | must be of type integer",
        "{maxPercent: 5, windowSeconds: 9} | should be greater than or equal to 10",
        "{maxRecords: 5, minRecords: 100} | says when maxPercent is judged",
        "{maxPercent: 5, minRecords: 0} | should be greater than or equal to 1",
        "{windowSeconds: 60} | give maxRecords, maxPercent or both",
        "{} | give maxRecords, maxPercent or both",
        "{maxPercent: 5, per: Table} | Unsupported value",
        "{maxPercent: 5, action: Ignore} | Unsupported value",
        "{maxPercent: 5, attempt: -1} | should be greater than or equal to 0",
        "{maxPercents: 5} | unknown field",
      })
  void an_error_budget_that_cannot_be_is_refused(String budget, String said) {
    for (String place : List.of("spec:\n", "- name: clean\n")) {
      String indent = place.startsWith("spec") ? "  " : "      ";
      ApiServer.Result result =
          ApiServer.get()
              .apply(
                  NAMESPACE,
                  Manifests.migration("bad")
                      .replace(place, place + indent + "errorBudget: " + budget + "\n"));
      assertThat(result.output()).contains(said);
      assertThat(result.code()).isNotZero();
    }
  }

  @Test
  void an_error_budget_is_taken_with_its_defaults() {
    assertThat(
            ApiServer.get()
                .apply(
                    NAMESPACE,
                    Manifests.migration("budgeted")
                        .replace(
                            "spec:\n",
                            "spec:\n  errorBudget: {maxPercent: 5, minRecords: 1000, action:"
                                + " PauseStage}\n"))
                .output())
        .contains("created");
    assertThat(
            ApiServer.get()
                .client()
                .resources(Migration.class)
                .inNamespace(NAMESPACE)
                .withName("budgeted")
                .get()
                .getSpec()
                .errorBudget())
        .isEqualTo(
            new ErrorBudget(
                null, 5, 1000L, null, ErrorBudget.Scope.Stage, ErrorBudget.Action.PauseStage, 0));
  }

  @Test
  void defaults_are_in_the_schema_so_they_can_be_read_back() {
    assertThat(ApiServer.get().apply(NAMESPACE, Manifests.migration("defaults")).output())
        .contains("created");
    Migration migration =
        ApiServer.get()
            .client()
            .resources(Migration.class)
            .inNamespace(NAMESPACE)
            .withName("defaults")
            .get();
    MigrationSpec spec = migration.getSpec();
    assertThat(spec.connections().getFirst().maxConnections()).isEqualTo(8);
    assertThat(spec.stages().get(0).extract().splitRecords()).isEqualTo(100_000);
    assertThat(spec.stages().get(1).scale()).isEqualTo(new Stage.Scale(0, 1, 30, null, null));
    assertThat(spec.stages().get(2).load().mode()).isEqualTo(Stage.LoadMode.Upsert);
    assertThat(spec.queues()).isEqualTo(new MigrationSpec.Queues("1Gi", 1));
    assertThat(spec.mode()).isEqualTo(MigrationSpec.Mode.Run);
    assertThat(spec.suspend()).isFalse();
    assertThat(spec.queueDeletionPolicy()).isEqualTo(MigrationSpec.QueueDeletionPolicy.Retain);
    String stored =
        ApiServer.get()
            .kubectl(
                "",
                "get",
                "mig",
                "defaults",
                "-n",
                NAMESPACE,
                "-o",
                "jsonpath={.spec.mode} {.spec.queues.maxBytes}")
            .output();
    assertThat(stored).isEqualTo("Run 1Gi");
  }

  @Test
  void explain_reads_like_documentation() {
    String stages = ApiServer.get().kubectl("", "explain", "mig.spec.stages").output();
    assertThat(stages)
        .contains("The stations of the chain.", "Judges and changes records by rules.")
        .doesNotContain("<no description>", "<empty>");
    assertThat(ApiServer.get().kubectl("", "explain", "mig.spec.stages.load.mode").output())
        .contains("Upsert replaces a row whose key exists already", "ENUM", "Insert");
    assertThat(ApiServer.get().kubectl("", "explain", "fr.spec.correction").output())
        .contains("RFC 7386");
  }

  private static String quote(String text) {
    return java.util.regex.Pattern.quote(text);
  }

  private static String quoteTo(String text) {
    return java.util.regex.Matcher.quoteReplacement(text);
  }
}
