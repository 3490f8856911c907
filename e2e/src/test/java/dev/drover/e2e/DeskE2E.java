package dev.drover.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.drover.api.v1alpha1.Condition;
import dev.drover.api.v1alpha1.FailedRecord;
import dev.drover.api.v1alpha1.MigrationStatus;
import dev.drover.api.v1alpha1.MigrationStatus.StageStatus;
import io.fabric8.kubernetes.api.model.Pod;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What the failure desk does besides corrections: budgets, waiting, the source, masks. */
class DeskE2E {
  private static final String NAME = "desk";
  private static final String POSITIVE =
      "{require: {that: \"record.qty > 0\", code: QtyNotPositive}}";

  private Cluster cluster;

  @BeforeEach
  void start() throws Exception {
    cluster = new Cluster();
    cluster.delete(NAME);
    Cluster.schemaInBoth(
        "desk",
        "CREATE TABLE item (id int PRIMARY KEY, qty int, label text)",
        "CREATE TABLE person (id int PRIMARY KEY, boss int)");
  }

  @AfterEach
  void stop() {
    cluster.delete(NAME);
    cluster.close();
  }

  private static void items(int rows, String qty) throws Exception {
    Cluster.execute(
        "legacy",
        "INSERT INTO desk.item SELECT i, %s, 'private-' || i FROM generate_series(1, %d) i"
            .formatted(qty, rows),
        "ANALYZE desk.item");
  }

  private static String withSpec(String lines) {
    return Manifest.chain(NAME, "desk.item", POSITIVE)
        .replace("  stages:\n", lines.indent(2) + "  stages:\n");
  }

  private StageStatus stage(String name) {
    return new StagePods(cluster, NAME).status(name);
  }

  private FailedRecord record(String key) {
    return cluster.failedRecords(NAME).stream()
        .filter(r -> r.getStatus() != null && key.equals(r.getStatus().key()))
        .findFirst()
        .orElseThrow(() -> new AssertionError("no FailedRecord of key " + key));
  }

  @Test
  void a_budget_that_is_exceeded_pauses_its_stage_and_an_edit_lets_it_go_on() throws Exception {
    items(200_000, "CASE WHEN i % 10 = 0 THEN 0 ELSE i END");
    cluster.apply(withSpec("errorBudget: {maxRecords: 100}"));

    await()
        .atMost(Cluster.SOON)
        .untilAsserted(
            () ->
                assertThat(cluster.condition(NAME, "Ready").map(Condition::reason))
                    .contains("BudgetExceeded"));
    Condition ready = cluster.condition(NAME, "Ready").orElseThrow();
    assertThat(ready.message()).contains("clean", "QtyNotPositive");
    assertThat(stage("clean").budgetExceeded()).isNotNull();
    // What was in hand is still counted, and then no more.
    AtomicLong passed = new AtomicLong();
    await()
        .during(Duration.ofSeconds(5))
        .atMost(Duration.ofSeconds(30))
        .until(
            () -> {
              long now = stage("clean").passedRecords();
              return passed.getAndSet(now) == now;
            });
    assertThat(passed.get()).isLessThan(180_000);

    cluster.patchMigration(NAME, "{\"spec\":{\"errorBudget\":{\"maxRecords\":1000000}}}");
    cluster.awaitCondition(NAME, "Completed", "True");
    assertThat(stage("clean").failedRecords()).isEqualTo(20_000);
    assertThat(stage("clean").budgetExceeded()).isNull();
    assertThat(Cluster.query("target", "SELECT count(*) FROM desk.item")).containsExactly("180000");
    cluster.awaitCondition(NAME, "Balanced", "True");
  }

  @Test
  void rows_wait_for_those_they_point_to_and_only_orphans_fail() throws Exception {
    Cluster.execute(
        "legacy",
        "INSERT INTO desk.person SELECT i, CASE WHEN i < 4000 THEN i + 1 END"
            + " FROM generate_series(1, 4000) i",
        "UPDATE desk.person SET boss = 99999 WHERE id = 1500",
        "ANALYZE desk.person");
    Cluster.execute(
        "target", "ALTER TABLE desk.person ADD FOREIGN KEY (boss) REFERENCES desk.person");
    cluster.apply(
        Manifest.chain(NAME, "desk.person", "{set: [{field: boss, to: record.boss}]}")
            .replace("splitRecords: 20000", "splitRecords: 1000"));

    cluster.awaitCondition(NAME, "Completed", "True");
    // Whoever is below the orphan has nobody above either.
    assertThat(Cluster.query("target", "SELECT count(*) || '|' || min(id) FROM desk.person"))
        .containsExactly("2500|1501");
    assertThat(stage("load").failedRecords()).isEqualTo(1500);
    assertThat(stage("load").waitingRecords()).isZero();

    Cluster.execute("target", "INSERT INTO desk.person VALUES (99999, NULL)");
    Story.shell(
        """
            kubectl apply -f - <<'END'
            apiVersion: drover.dev/v1alpha1
            kind: Redrive
            metadata: {name: orphans}
            spec: {migrationName: desk}
            END
            kubectl wait redrive/orphans --for=condition=Complete --timeout=180s
            kubectl delete redrive orphans
            """);
    assertThat(Cluster.query("target", "SELECT count(*) FROM desk.person")).containsExactly("4001");
    cluster.awaitCondition(NAME, "Balanced", "True");
  }

  @Test
  void a_row_that_was_mended_at_the_source_is_shown_and_read_again() throws Exception {
    items(1000, "CASE WHEN i = 500 THEN 0 ELSE i END");
    cluster.apply(Manifest.chain(NAME, "desk.item", POSITIVE));
    cluster.awaitCondition(NAME, "Completed", "True");
    await().atMost(Cluster.SOON).until(() -> cluster.failedRecords(NAME).size() == 1);
    FailedRecord failed = record("500");
    Cluster.execute("legacy", "UPDATE desk.item SET qty = 77 WHERE id = 500");

    cluster.patch(failed, "{\"spec\":{\"action\":\"None\",\"showSource\":1}}");
    await()
        .atMost(Cluster.SOON)
        .untilAsserted(
            () ->
                assertThat(record("500").getStatus().sourceRow())
                    .isNotNull()
                    .satisfies(
                        row -> {
                          assertThat(row.record()).isNotNull();
                          assertThat(row.record().get("qty").asInt()).isEqualTo(77);
                        }));
    assertThat(Cluster.query("target", "SELECT count(*) FROM desk.item")).containsExactly("999");

    cluster.patch(failed, "{\"spec\":{\"action\":\"Replay\",\"startAt\":\"Source\"}}");
    await()
        .atMost(Cluster.SOON)
        .untilAsserted(
            () ->
                assertThat(Cluster.query("target", "SELECT qty FROM desk.item WHERE id = 500"))
                    .containsExactly("77"));
  }

  @Test
  void what_is_masked_is_nowhere_to_be_read_and_a_replay_has_it() throws Exception {
    items(1000, "CASE WHEN i % 100 = 0 THEN 0 ELSE i END");
    cluster.apply(withSpec("failedRecords: {redact: [\"/label\"]}"));
    cluster.awaitCondition(NAME, "Completed", "True");
    await().atMost(Cluster.SOON).until(() -> cluster.failedRecords(NAME).size() == 10);

    List<FailedRecord> shown = cluster.failedRecords(NAME);
    assertThat(shown).allSatisfy(r -> assertThat(r.getStatus().record()).isNotNull());
    MigrationStatus status = cluster.status(NAME);
    assertThat(cluster.client.getKubernetesSerialization().asJson(List.of(shown, status)))
        .contains("***")
        .doesNotContain("private-");
    for (String stage : List.of("read", "clean", "load")) {
      for (Pod pod : new StagePods(cluster, NAME).all(stage)) {
        assertThat(cluster.client.pods().resource(pod).getLog())
            .as("log of " + stage)
            .isNotEmpty()
            .doesNotContain("private-");
      }
    }
    cluster.patch(record("500"), "{\"spec\":{\"correction\":{\"qty\":5},\"action\":\"Replay\"}}");
    await()
        .atMost(Cluster.SOON)
        .untilAsserted(
            () ->
                assertThat(
                        Cluster.query(
                            "target", "SELECT qty || label FROM desk.item WHERE id = 500"))
                    .containsExactly("5private-500"));
  }
}
