package dev.drover.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.fabric8.kubernetes.api.model.Pod;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * The operator is given another image for its workers, as an upgrade does, while a migration runs
 * and its loaders are killed. The other image is the same one by its full name: what is looked at
 * is the rollout.
 */
class ImageRolloutE2E {
  private static final String NAME = "rollout";
  private static final int ROWS = 300_000;
  private static final int CAP = 2;

  private Cluster cluster;
  private String image;

  @BeforeEach
  void start() throws Exception {
    cluster = new Cluster();
    cluster.delete(NAME);
    image = Installation.of(cluster.client).worker();
    Cluster.schemaInBoth(NAME, "CREATE TABLE item (id int PRIMARY KEY, qty int)");
    Cluster.execute(
        "legacy",
        "INSERT INTO %1$s.item SELECT i, i FROM generate_series(1, %2$d) i".formatted(NAME, ROWS),
        "ANALYZE %s.item".formatted(NAME));
  }

  @AfterEach
  void stop() throws Exception {
    workers(image);
    cluster.delete(NAME);
    cluster.close();
  }

  /** Upgrades the installation, so that the operator makes its workers of an image. */
  private static void workers(String reference) throws Exception {
    Path root = Path.of(System.getProperty("drover.root"));
    Commands.run(
        List.of(
            root.resolve("dev/.state/bin/helm").toString(),
            "--kubeconfig",
            Cluster.kubeconfig().toString(),
            "upgrade",
            "drover",
            root.resolve("helm/drover").toString(),
            "--namespace",
            "drover-system",
            "--reuse-values",
            "--set",
            "image.worker=" + reference));
  }

  private long most(AtomicBoolean done) throws Exception {
    long most = 0;
    while (!done.get()) {
      most =
          Math.max(
              most,
              Long.parseLong(
                  Cluster.query(
                          "target",
                          "SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'drover/%%%s/%%'"
                              .formatted(NAME))
                      .getFirst()));
      Thread.sleep(20);
    }
    return most;
  }

  @Test
  void every_stage_rolls_within_its_cap_and_each_row_is_loaded_once() throws Exception {
    cluster.apply(
        Manifest.chain(NAME, NAME + ".item", "{set: [{field: qty, to: record.qty + 1}]}")
            .replace(
                "    - name: clean\n",
                "    - name: clean\n      scale: {maxRecordsPerSecond: 1000}\n")
            .replace("    - name: load\n", "    - name: load\n      scale: {maxReplicas: 2}\n")
            .replace(
                "credentialsSecretRef: {name: target-db}}",
                "credentialsSecretRef: {name: target-db}}\n      maxConnections: " + CAP));
    AtomicBoolean done = new AtomicBoolean();
    try (ExecutorService sampler = Executors.newSingleThreadExecutor()) {
      Future<Long> most = sampler.submit(() -> most(done));
      try {
        await().atMost(Cluster.SOON).until(() -> loaded() > ROWS / 100);
        cluster.killPods(NAME, "load");
        String other = "docker.io/" + image;
        workers(other);
        StagePods pods = new StagePods(cluster, NAME);
        for (String stage : List.of("clean", "load")) {
          await()
              .atMost(Cluster.SOON)
              .until(
                  () ->
                      pods.ready(stage).stream().anyMatch(pod -> isOf(pod, other))
                          && pods.all(stage).stream().allMatch(pod -> isOf(pod, other)));
        }
        assertThat(loaded()).as("it is rolled in full flow").isLessThan(ROWS);
        SpecEdit.of(cluster, NAME).stage("clean", "\"scale\": null").apply();
        cluster.awaitCondition(NAME, "Completed", "True");
      } finally {
        done.set(true);
      }
      assertThat(most.get()).as("sessions at the target").isBetween(1L, (long) CAP);
    }
    cluster.awaitCondition(NAME, "Balanced", "True");
    assertThat(cluster.status(NAME).stages())
        .allSatisfy(s -> assertThat(s.failedRecords()).as(s.name()).isZero());
    assertThat(
            Cluster.query(
                "target",
                "SELECT concat_ws('|', count(*), count(DISTINCT id), count(*) FILTER (WHERE qty = id + 1)) FROM %s.item"
                    .formatted(NAME)))
        .containsExactly(ROWS + "|" + ROWS + "|" + ROWS);
  }

  private static boolean isOf(Pod pod, String reference) {
    return pod.getSpec().getContainers().getFirst().getImage().equals(reference);
  }

  private static long loaded() throws Exception {
    return Long.parseLong(
        Cluster.query("target", "SELECT count(*) FROM %s.item".formatted(NAME)).getFirst());
  }
}
