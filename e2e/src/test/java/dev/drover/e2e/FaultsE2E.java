package dev.drover.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.drover.api.v1alpha1.Condition;
import dev.drover.api.v1alpha1.Migration;
import dev.drover.api.v1alpha1.MigrationStatus.StageStatus;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * What dies comes back, and the rows are the same. Each fault comes while most rows are held back.
 */
class FaultsE2E {
  private static final String NAME = "faults";
  private static final int ROWS = 300_000;

  private Cluster cluster;
  private Gate gate;

  @BeforeEach
  void start() throws Exception {
    cluster = new Cluster();
    cluster.delete(NAME);
    Cluster.schemaInBoth(
        "faults", "CREATE TABLE item (id bigint PRIMARY KEY, a int, b text, c numeric(12,2))");
    Cluster.execute(
        "legacy",
        "INSERT INTO faults.item SELECT i, i % 50, rpad('row ' || i, 100, '.'), i / 3.0"
            + " FROM generate_series(1, "
            + ROWS
            + ") i",
        "ANALYZE faults.item");
    gate = new Gate(Cluster.database("target"), "faults.item", "id", ROWS / 3);
  }

  @AfterEach
  void stop() throws Exception {
    gate.open();
    cluster.scaleStatefulSet("default", "target-db", 1);
    cluster.scaleStatefulSet("drover-system", "nats", 1);
    cluster.delete(NAME);
    cluster.close();
  }

  private void apply() {
    cluster.apply(
        Manifest.chain(
            NAME,
            "faults.item",
            "{require: {that: \"record.a != 13\", code: Unlucky}}",
            "{set: [{field: b, to: \"record.b.upperAscii()\"}]}"));
  }

  private void awaitSomeToLoad() {
    await().atMost(Cluster.SOON).pollInterval(Duration.ofMillis(100)).until(gate::isReached);
  }

  private void assertEachRowOnce() throws Exception {
    assertThat(Cluster.checksum("target", "faults.item"))
        .isEqualTo(
            Cluster.checksum(
                "legacy", "(SELECT id, a, upper(b) AS b, c FROM faults.item WHERE a <> 13)"));
    assertThat(cluster.condition(NAME, "Balanced").map(Condition::status)).contains("True");
    assertThat(cluster.status(NAME).progress().failedRecords()).isEqualTo(ROWS / 50);
    assertThat(cluster.status(NAME).progress().extractedRecords()).isEqualTo(ROWS);
  }

  @Test
  void workers_and_the_operator_killed_in_the_middle_change_nothing() throws Exception {
    apply();
    awaitSomeToLoad();
    for (String stage : List.of("load", "clean", "read")) {
      cluster.killPods(NAME, stage);
    }
    assertThat(
            cluster
                .client
                .pods()
                .inNamespace("drover-system")
                .withLabel("app.kubernetes.io/name", "drover-operator")
                .withGracePeriod(0)
                .delete())
        .as("operator pods that were killed")
        .isNotEmpty();
    gate.open();

    cluster.awaitCondition(NAME, "Completed", "True");
    assertEachRowOnce();
  }

  @Test
  void a_target_that_is_away_is_waited_for_and_told_of() throws Exception {
    apply();
    awaitSomeToLoad();
    cluster.scaleStatefulSet("default", "target-db", 0);
    await()
        .atMost(Cluster.SOON)
        .untilAsserted(
            () -> {
              StageStatus load = cluster.status(NAME).stages().get(2);
              assertThat(load.state()).isEqualTo("Stalled");
              assertThat(load.stalled()).contains("target");
            });
    assertThat(cluster.status(NAME).progress().failedRecords()).isLessThanOrEqualTo(ROWS / 50);
    cluster.scaleStatefulSet("default", "target-db", 1);

    cluster.awaitCondition(NAME, "Completed", "True");
    assertEachRowOnce();
  }

  @Test
  void nats_going_away_is_waited_for_and_told_of() throws Exception {
    apply();
    awaitSomeToLoad();
    cluster.scaleStatefulSet("drover-system", "nats", 0);
    await()
        .atMost(Cluster.SOON)
        .untilAsserted(
            () -> {
              Condition queues = cluster.condition(NAME, "QueuesReady").orElseThrow();
              assertThat(queues.status()).isNotEqualTo("True");
              assertThat(queues.reason()).isEqualTo("NatsUnavailable");
            });
    cluster.scaleStatefulSet("drover-system", "nats", 1);
    gate.open();

    cluster.awaitCondition(NAME, "Completed", "True");
    assertEachRowOnce();
  }

  @Test
  void an_api_server_that_hangs_is_waited_for() throws Exception {
    Path recorded = Path.of(System.getProperty("drover.root"), "dev/.state/pids/kube-apiserver");
    assumeTrue(Files.exists(recorded), "only where the API server is this machine's own process");
    String pid = Files.readString(recorded).split(" ")[0];
    apply();
    awaitSomeToLoad();
    signal("STOP", pid);
    try {
      // Longer than a Lease lasts: the operator must find its way back after it lost the lead.
      await().pollDelay(Duration.ofSeconds(40)).atMost(Duration.ofSeconds(60)).until(() -> true);
    } finally {
      signal("CONT", pid);
    }
    gate.open();

    await().atMost(Cluster.SOON).ignoreExceptions().until(this::completed);
    assertEachRowOnce();
  }

  private static void signal(String name, String pid) throws Exception {
    new ProcessBuilder("kill", "-" + name, pid).inheritIO().start().waitFor();
  }

  @Test
  void a_suspended_migration_stops_and_goes_on_where_it_was() throws Exception {
    apply();
    awaitSomeToLoad();
    cluster.patchMigration(NAME, "{\"spec\":{\"suspend\":true}}");
    await()
        .atMost(Cluster.SOON)
        .until(
            () ->
                cluster
                    .client
                    .pods()
                    .inNamespace("default")
                    .withLabel("drover.dev/migration", NAME)
                    .withLabel("drover.dev/stage")
                    .list()
                    .getItems()
                    .stream()
                    .allMatch(
                        p ->
                            "plan"
                                .equals(
                                    p.getMetadata()
                                        .getLabels()
                                        .get("app.kubernetes.io/component"))));
    await()
        .atMost(Cluster.SOON)
        .untilAsserted(
            () ->
                assertThat(cluster.condition(NAME, "Ready").orElseThrow().reason())
                    .isEqualTo("Suspended"));
    cluster.patchMigration(NAME, "{\"spec\":{\"suspend\":false}}");
    gate.open();

    cluster.awaitCondition(NAME, "Completed", "True");
    assertEachRowOnce();
  }

  @Test
  void an_edited_scale_takes_effect_within_seconds_and_restarts_no_worker() throws Exception {
    Migration applied =
        cluster.apply(
            Manifest.chain(NAME, "faults.item", "{filter: \"record.id > 0\"}")
                .replace(
                    "load: {connectionName: target}",
                    "load: {connectionName: target}\n      scale: {minReplicas: 1, maxReplicas: 1}"));
    assertThat(applied.getSpec().stages().get(2).scale().minReplicas()).isEqualTo(1);
    awaitSomeToLoad();
    String stages = client(applied, 2, 2);
    cluster.patchMigration(NAME, stages);
    await()
        .atMost(Duration.ofSeconds(20))
        .untilAsserted(
            () -> assertThat(cluster.status(NAME).stages().get(2).desiredReplicas()).isEqualTo(2));
    gate.open();
    cluster.awaitCondition(NAME, "Completed", "True");
    await()
        .atMost(Cluster.SOON)
        .untilAsserted(
            () ->
                assertThat(cluster.status(NAME).stages())
                    .allSatisfy(s -> assertThat(s.desiredReplicas()).isZero()));
  }

  @Test
  void a_rule_edited_in_mid_course_rolls_only_its_stage_and_no_row_is_lost() throws Exception {
    Migration applied =
        cluster.apply(
            Manifest.chain(
                    NAME, "faults.item", "{set: [{field: b, to: \"record.b.upperAscii()\"}]}")
                // Small enough that most rows are still unread while the gate is closed.
                .replace("spec:\n", "spec:\n  queues: {maxBytes: 2Mi}\n"));
    awaitSomeToLoad();
    String revision = templateRevision("clean");
    List<String> before = podNames("clean");
    cluster.patchMigration(
        NAME,
        "{\"spec\":{\"stages\":"
            + cluster
                .client
                .getKubernetesSerialization()
                .asJson(applied.getSpec().stages())
                .replace("record.b.upperAscii()", "'new ' + record.b")
            + "}}");
    await()
        .atMost(Cluster.SOON)
        .untilAsserted(() -> assertThat(templateRevision("clean")).isNotEqualTo(revision));
    // The old ones work on until they are ended, and could be through before.
    await()
        .atMost(Cluster.SOON)
        .untilAsserted(() -> assertThat(podNames("clean")).doesNotContainAnyElementsOf(before));
    gate.open();
    cluster.awaitCondition(NAME, "Completed", "True");

    assertThat(Cluster.checksum("target", "(SELECT id, a, c FROM faults.item)"))
        .isEqualTo(Cluster.checksum("legacy", "(SELECT id, a, c FROM faults.item)"));
    long old = rowsLike("ROW %");
    assertThat(old).isPositive();
    assertThat(rowsLike("new row %")).isPositive().isEqualTo(ROWS - old);
    assertThat(cluster.status(NAME).progress().extractedRecords()).isEqualTo(ROWS);
    assertThat(cluster.condition(NAME, "Balanced").map(Condition::status)).contains("True");
    assertThat(templateRevision("read")).isEqualTo(revision);
    assertThat(templateRevision("load")).isEqualTo(revision);
  }

  private static long rowsLike(String pattern) throws Exception {
    return Long.parseLong(
        Cluster.query("target", "SELECT count(*) FROM faults.item WHERE b LIKE '" + pattern + "'")
            .getFirst());
  }

  private boolean completed() {
    return cluster.condition(NAME, "Completed").map(Condition::status).orElse("").equals("True");
  }

  private io.fabric8.kubernetes.api.model.apps.Deployment deployment(String stage) {
    return cluster
        .client
        .apps()
        .deployments()
        .inNamespace("default")
        .withLabel("drover.dev/migration", NAME)
        .withLabel("drover.dev/stage", stage)
        .list()
        .getItems()
        .getFirst();
  }

  /** The chain revision whose spec a stage's workers run. */
  private List<String> podNames(String stage) {
    return cluster
        .client
        .pods()
        .inNamespace("default")
        .withLabel("drover.dev/migration", NAME)
        .withLabel("drover.dev/stage", stage)
        .list()
        .getItems()
        .stream()
        .map(pod -> pod.getMetadata().getName())
        .toList();
  }

  private String templateRevision(String stage) {
    return deployment(stage)
        .getSpec()
        .getTemplate()
        .getSpec()
        .getContainers()
        .getFirst()
        .getEnv()
        .stream()
        .filter(e -> e.getName().equals("DROVER_REVISION"))
        .findFirst()
        .orElseThrow()
        .getValue();
  }

  /** A merge patch replaces lists whole, so the stages are sent back with one change. */
  private String client(Migration migration, int min, int max) {
    var stages = cluster.client.getKubernetesSerialization().asJson(migration.getSpec().stages());
    return "{\"spec\":{\"stages\":"
        + stages.replace(
            "\"minReplicas\":1,\"maxReplicas\":1",
            "\"minReplicas\":" + min + ",\"maxReplicas\":" + max)
        + "}}";
  }
}
