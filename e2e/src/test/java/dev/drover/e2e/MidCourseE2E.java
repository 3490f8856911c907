package dev.drover.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.drover.api.v1alpha1.Condition;
import dev.drover.api.v1alpha1.FailedRecord;
import dev.drover.api.v1alpha1.MigrationStatus;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What is asked while most rows are still unread, since the target holds them back. */
class MidCourseE2E {
  private static final String NAME = "midway";
  private static final int ROWS = 300_000;

  private Cluster cluster;
  private StagePods pods;
  private Gate gate;

  @BeforeEach
  void start() throws Exception {
    cluster = new Cluster();
    pods = new StagePods(cluster, NAME);
    cluster.delete(NAME);
    Cluster.schemaInBoth(NAME, "CREATE TABLE item (id bigint PRIMARY KEY, a int, b text)");
    Cluster.execute(
        "legacy",
        "INSERT INTO midway.item SELECT i, i % 5000, rpad('row ' || i, 100, '.')"
            + " FROM generate_series(1, "
            + ROWS
            + ") i",
        "ANALYZE midway.item");
    gate = new Gate(Cluster.database("target"), "midway.item", "id", ROWS / 30);
  }

  @AfterEach
  void stop() throws Exception {
    gate.open();
    cluster.delete(NAME);
    cluster.close();
  }

  private static String manifest() {
    return Manifest.chain(
            NAME, "midway.item", "{require: {that: \"record.a != 13\", code: Unlucky}}")
        .replace("spec:\n", "spec:\n  queues: {maxBytes: 2Mi}\n");
  }

  private void awaitSomeToLoad() {
    await().atMost(Cluster.SOON).pollInterval(Duration.ofMillis(100)).until(gate::isReached);
  }

  private long loaded() throws Exception {
    return Long.parseLong(Cluster.query("target", "SELECT count(*) FROM midway.item").getFirst());
  }

  private void assertEachRowOnce() throws Exception {
    assertThat(Cluster.checksum("target", "midway.item"))
        .isEqualTo(Cluster.checksum("legacy", "(SELECT * FROM midway.item WHERE a <> 13)"));
    assertThat(cluster.condition(NAME, "Balanced").map(Condition::status)).contains("True");
    assertThat(cluster.status(NAME).progress().extractedRecords()).isEqualTo(ROWS);
  }

  @Test
  void behind_an_extract_that_is_suspended_alone_all_is_loaded_that_was_read() throws Exception {
    cluster.apply(manifest());
    awaitSomeToLoad();
    cluster.apply(manifest().replace("- name: read\n", "- name: read\n      suspend: true\n"));
    await().atMost(Cluster.SOON).until(() -> pods.all("read").isEmpty());
    gate.open();

    await()
        .atMost(Cluster.SOON)
        .untilAsserted(
            () -> {
              assertThat(pods.status("clean").backlogRecords()).isZero();
              assertThat(pods.status("load").backlogRecords()).isZero();
              MigrationStatus.Progress progress = cluster.status(NAME).progress();
              assertThat(progress.loadedRecords() + progress.failedRecords())
                  .isPositive()
                  .isLessThan(ROWS)
                  .isEqualTo(progress.extractedRecords());
              assertThat(progress.loadedRecords()).isEqualTo(loaded());
            });
    assertThat(cluster.condition(NAME, "Completed").map(Condition::status)).contains("False");

    cluster.apply(manifest());
    cluster.awaitCondition(NAME, "Completed", "True");
    assertEachRowOnce();
  }

  @Test
  void an_extract_lends_its_only_connection_to_a_record_that_is_read_again() throws Exception {
    cluster.apply(
        manifest().replace("- name: legacy\n", "- name: legacy\n      maxConnections: 1\n"));
    awaitSomeToLoad();
    await().atMost(Cluster.SOON).until(() -> !filled().isEmpty());
    FailedRecord failed = filled().getFirst();
    String id = failed.getStatus().key();
    Cluster.execute("legacy", "UPDATE midway.item SET a = 14 WHERE id = " + id);

    cluster.patch(failed, "{\"spec\":{\"action\":\"Replay\",\"startAt\":\"Source\"}}");
    await()
        .atMost(Cluster.SOON)
        .untilAsserted(
            () ->
                assertThat(resolved(failed.getMetadata().getName()))
                    .as("reason and message of Resolved")
                    .startsWith("True Replayed"));
    assertThat(cluster.status(NAME).progress().extractedRecords())
        .as("it was not read to its end before")
        .isLessThan(ROWS);
    gate.open();

    cluster.awaitCondition(NAME, "Completed", "True");
    assertEachRowOnce();
    assertThat(cluster.status(NAME).progress().failedRecords()).isEqualTo(ROWS / 5000 - 1);
  }

  @Test
  void a_table_that_joins_is_made_by_the_load_that_runs_which_sets_its_sequence_at_the_end()
      throws Exception {
    String before =
        Manifest.chain(
                NAME,
                "midway.item",
                "{tables: [midway.item], require: {that: \"record.a != 13\", code: Unlucky}}")
            .replace("spec:\n", "spec:\n  queues: {maxBytes: 2Mi}\n")
            .replace(
                "{connectionName: target}", "{connectionName: target, createTables: IfMissing}");
    cluster.apply(before);
    awaitSomeToLoad();
    Cluster.execute(
        "legacy",
        "CREATE TABLE midway.extra (id bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY, note text)",
        "INSERT INTO midway.extra (note) SELECT 'note ' || i FROM generate_series(1, 1000) i",
        "ANALYZE midway.extra");
    cluster.apply(before.replace("[\"midway.item\"]", "[\"midway.item\", \"midway.extra\"]"));
    await()
        .atMost(Cluster.SOON)
        .untilAsserted(() -> assertThat(cluster.status(NAME).plan().tables()).isEqualTo(2));
    gate.open();

    cluster.awaitCondition(NAME, "Completed", "True");
    assertThat(Cluster.checksum("target", "midway.extra"))
        .isEqualTo(Cluster.checksum("legacy", "midway.extra"));
    assertThat(Cluster.checksum("target", "midway.item"))
        .isEqualTo(Cluster.checksum("legacy", "(SELECT * FROM midway.item WHERE a <> 13)"));
    Cluster.execute("target", "INSERT INTO midway.extra (note) VALUES ('the application goes on')");
    assertThat(Cluster.query("target", "SELECT max(id) FROM midway.extra")).containsExactly("1001");
  }

  private List<FailedRecord> filled() {
    return cluster.failedRecords(NAME).stream().filter(r -> r.getStatus() != null).toList();
  }

  private String resolved(String name) {
    return filled().stream()
        .filter(r -> r.getMetadata().getName().equals(name))
        .flatMap(r -> r.getStatus().conditions().stream())
        .filter(c -> c.type().equals("Resolved"))
        .map(c -> c.status() + " " + c.reason() + ": " + c.message())
        .findFirst()
        .orElse("gone");
  }
}
