package dev.drover.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.drover.api.v1alpha1.Condition;
import dev.drover.api.v1alpha1.MigrationStatus;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A second target goes away in full flow, for good, and its load is taken out. */
class GoneTargetE2E {
  private static final String NAME = "gone";
  private static final String TABLE =
      "CREATE TABLE gone.item (id bigint PRIMARY KEY, a int, b text)";
  private static final int ROWS = 60_000;

  private Cluster cluster;
  private Database mirror;

  @BeforeEach
  void start() throws Exception {
    cluster = new Cluster();
    cluster.delete(NAME);
    Cluster.schemaInBoth(NAME, TABLE.replace("gone.", ""));
    Cluster.execute(
        "legacy",
        "INSERT INTO gone.item SELECT i, i % 5000, 'row ' || i FROM generate_series(1, "
            + ROWS
            + ") i",
        "ANALYZE gone.item");
    Cluster.execute("target", "DROP DATABASE IF EXISTS mirror (FORCE)", "CREATE DATABASE mirror");
    Database target = Cluster.database("target");
    mirror =
        new Database(
            target.url().replaceFirst("/[^/?]+([?]|$)", "/mirror$1"),
            target.user(),
            target.password());
    mirror.execute("CREATE SCHEMA gone", TABLE);
  }

  @AfterEach
  void stop() throws Exception {
    cluster.delete(NAME);
    Cluster.execute("target", "DROP DATABASE IF EXISTS mirror (FORCE)");
    cluster.close();
  }

  /** At a pace that leaves time for what happens meanwhile. */
  private static String alone(int recordsPerSecond) {
    return Manifest.chain(NAME, "gone.item", "{set: [{field: a, to: \"record.a + 1\"}]}")
        .replace(
            "- name: read\n",
            "- name: read\n      scale: {maxRecordsPerSecond: " + recordsPerSecond + "}\n");
  }

  private static String mirrored() {
    return alone(300)
            .replace(
                "  stages:\n",
                """
                    - name: mirror
                      jdbc: {url: "%s", credentialsSecretRef: {name: target-db}}
                  stages:
                """
                    .formatted(
                        System.getenv("TARGET_JDBC_URL")
                            .replaceFirst("/[^/?]+([?]|$)", "/mirror$1")))
        + """
            - name: mirror
              from: clean
              load: {connectionName: mirror}
        """;
  }

  private static long loaded(Database where) throws Exception {
    return Long.parseLong(where.query("SELECT count(*) FROM gone.item").getFirst());
  }

  private String told() {
    MigrationStatus.Grafting grafting = cluster.status(NAME).grafting();
    return grafting == null ? "" : grafting.stages().getFirst().message();
  }

  @Test
  void what_it_has_left_holds_nobody_up_and_is_given_up_by_name() throws Exception {
    Database target = Cluster.database("target");
    cluster.apply(mirrored());
    await().atMost(Cluster.SOON).until(() -> loaded(mirror) > 0 && loaded(target) > 0);
    Cluster.execute(
        "target",
        "ALTER DATABASE mirror ALLOW_CONNECTIONS false",
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'mirror'");

    cluster.apply(alone(300));
    await()
        .atMost(Cluster.SOON)
        .untilAsserted(
            () ->
                assertThat(told())
                    .startsWith("it begins when mirror, which is to be drained")
                    .contains("moves on again", "name it in spec.abandonedStages"));
    long before = loaded(target);
    await("the others go on").atMost(Cluster.SOON).until(() -> loaded(target) > before + 3_000);
    assertThat(cluster.podTemplates(NAME)).containsKey("mirror");

    cluster.apply(alone(300).replace("spec:\n", "spec:\n  abandonedStages: [mirror]\n"));
    await()
        .atMost(Duration.ofSeconds(60))
        .untilAsserted(() -> assertThat(cluster.podTemplates(NAME)).doesNotContainKey("mirror"));
    assertThat(cluster.events(NAME, "StageAbandoned"))
        .as("told again if the status was not there yet when it was looked at")
        .isNotEmpty()
        .allMatch(
            told ->
                told.matches(
                    "mirror Abandoned: .* given up are [1-9][0-9]* messages of the queue of clean"));
    assertThat(loaded(target)).as("in mid-course").isLessThan(ROWS);

    cluster.apply(alone(100_000).replace("spec:\n", "spec:\n  abandonedStages: [mirror]\n"));
    cluster.awaitCondition(NAME, "Completed", "True");
    assertThat(Cluster.checksum("target", "gone.item"))
        .isEqualTo(Cluster.checksum("legacy", "(SELECT id, a + 1, b FROM gone.item)"));
    assertThat(cluster.condition(NAME, "Balanced").map(Condition::status)).contains("True");
    assertThat(cluster.status(NAME).stages())
        .extracting(MigrationStatus.StageStatus::name)
        .isEqualTo(List.of("read", "clean", "load"));
  }
}
