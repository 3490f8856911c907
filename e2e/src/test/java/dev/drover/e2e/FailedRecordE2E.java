package dev.drover.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.drover.api.v1alpha1.Condition;
import dev.drover.api.v1alpha1.FailedRecord;
import dev.drover.api.v1alpha1.MigrationStatus;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Records that fail: set aside, shown, corrected, replayed, waived. */
class FailedRecordE2E {
  private static final String NAME = "fails";

  private Cluster cluster;

  @BeforeEach
  void start() throws Exception {
    cluster = new Cluster();
    cluster.delete(NAME);
    Cluster.schemaInBoth("fails", "CREATE TABLE item (id int PRIMARY KEY, qty int, label text)");
  }

  @AfterEach
  void stop() {
    cluster.delete(NAME);
    cluster.close();
  }

  private void migrate(int rows) throws Exception {
    Cluster.execute(
        "legacy",
        "INSERT INTO fails.item SELECT i, i % 1000, 'item ' || i FROM generate_series(0, "
            + (rows - 1)
            + ") i",
        "ANALYZE fails.item");
    Cluster.execute("target", "ALTER TABLE fails.item ADD CONSTRAINT no_seven CHECK (qty <> 7)");
    cluster.apply(
        Manifest.chain(
            NAME,
            "fails.item",
            "{require: {that: \"record.qty > 0\", code: QtyNotPositive, message: \"'qty is ' + string(record.qty)\"}}"));
    cluster.awaitCondition(NAME, "Completed", "True");
  }

  private FailedRecord record(String key) {
    return cluster.failedRecords(NAME).stream()
        .filter(r -> r.getStatus() != null && key.equals(r.getStatus().key()))
        .findFirst()
        .orElseThrow(() -> new AssertionError("no FailedRecord of key " + key));
  }

  private static Condition resolved(FailedRecord record) {
    return record.getStatus().conditions().stream()
        .filter(c -> c.type().equals("Resolved"))
        .findFirst()
        .orElseThrow();
  }

  private FailedRecord awaitState(FailedRecord record, String state) {
    String name = record.getMetadata().getName();
    await()
        .atMost(Cluster.SOON)
        .untilAsserted(
            () -> assertThat(resolved(cluster.failedRecord(name)).reason()).isEqualTo(state));
    return cluster.failedRecord(name);
  }

  @Test
  void a_failed_record_is_corrected_by_patch_replayed_and_loaded() throws Exception {
    migrate(3000);
    await().atMost(Cluster.SOON).until(() -> cluster.failedRecords(NAME).size() == 6);
    FailedRecord zero = record("0");
    assertThat(zero.getStatus().code()).isEqualTo("QtyNotPositive");
    assertThat(zero.getStatus().message()).isEqualTo("qty is 0");
    assertThat(zero.getStatus().record().get("label").asText()).isEqualTo("item 0");
    assertThat(record("7").getStatus().code()).isEqualTo("CheckViolated");

    cluster.patch(zero, "{\"spec\":{\"correction\":{\"qty\":5},\"action\":\"Replay\"}}");
    awaitState(zero, "Replayed");
    await()
        .atMost(Cluster.SOON)
        .untilAsserted(
            () ->
                assertThat(Cluster.query("target", "SELECT qty FROM fails.item WHERE id = 0"))
                    .containsExactly("5"));

    cluster.patch(record("7"), "{\"spec\":{\"action\":\"Replay\"}}");
    FailedRecord again = record("7");
    await()
        .atMost(Cluster.SOON)
        .untilAsserted(
            () -> {
              FailedRecord r = cluster.failedRecord(again.getMetadata().getName());
              assertThat(r.getStatus().replays()).isEqualTo(1);
              assertThat(resolved(r).reason()).isEqualTo("FailedAgain");
              assertThat(resolved(r).message()).contains("failed again");
            });

    cluster.patch(again, "{\"spec\":{\"correction\":{\"qty\":8},\"action\":\"Replay\"}}");
    awaitState(again, "Replayed");

    FailedRecord waived = record("1007");
    cluster.patch(waived, "{\"spec\":{\"action\":\"Waive\",\"reason\":\"a test\"}}");
    awaitState(waived, "Waived");

    await()
        .atMost(Cluster.SOON)
        .untilAsserted(
            () -> {
              MigrationStatus status = cluster.status(NAME);
              assertThat(status.progress().failedRecords()).isEqualTo(3);
              assertThat(status.progress().waivedRecords()).isEqualTo(1);
              assertThat(status.progress().loadedRecords()).isEqualTo(2996);
              assertThat(cluster.condition(NAME, "Balanced").map(Condition::status))
                  .contains("True");
            });
    assertThat(Cluster.query("target", "SELECT count(*) FROM fails.item")).containsExactly("2996");
  }

  @Test
  void a_correction_that_does_not_fit_is_refused_and_nothing_is_sent() throws Exception {
    migrate(1000);
    await().atMost(Cluster.SOON).until(() -> cluster.failedRecords(NAME).size() == 2);
    FailedRecord zero = record("0");

    cluster.patch(zero, "{\"spec\":{\"correction\":{\"quantity\":5},\"action\":\"Replay\"}}");
    FailedRecord refused = awaitState(zero, "Refused");

    assertThat(resolved(refused).message()).contains("spec.correction.quantity");
    assertThat(refused.getStatus().replays()).isZero();
    cluster.patch(zero, "{\"spec\":{\"correction\":{\"quantity\":null,\"qty\":3}}}");
    awaitState(zero, "Replayed");
  }

  @Test
  void many_failures_make_few_resources_spread_over_their_causes() throws Exception {
    Cluster.execute(
        "legacy",
        "INSERT INTO fails.item SELECT i, CASE WHEN i % 1000 = 1 THEN 7 ELSE 0 END, 'x' FROM generate_series(1, 100000) i",
        "ANALYZE fails.item");
    Cluster.execute("target", "ALTER TABLE fails.item ADD CONSTRAINT no_seven CHECK (qty <> 7)");
    cluster.apply(
        Manifest.chain(
            NAME, "fails.item", "{require: {that: \"record.qty > 0\", code: QtyNotPositive}}"));

    Condition completed = cluster.awaitCondition(NAME, "Completed", "True");

    assertThat(completed.reason()).isEqualTo("WithFailures");
    assertThat(cluster.status(NAME).progress().failedRecords()).isEqualTo(100_000);
    await().atMost(Cluster.SOON).until(() -> cluster.failedRecords(NAME).size() == 200);
    List<FailedRecord> shown = cluster.failedRecords(NAME);
    assertThat(shown)
        .extracting(r -> r.getStatus().code())
        .contains("QtyNotPositive", "CheckViolated");
    assertThat(shown.stream().filter(r -> r.getStatus().code().equals("CheckViolated")).count())
        .isEqualTo(100);
    assertThat(cluster.condition(NAME, "Balanced").orElseThrow().status()).isEqualTo("True");
  }
}
