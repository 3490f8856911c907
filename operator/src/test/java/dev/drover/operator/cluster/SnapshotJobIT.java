package dev.drover.operator.cluster;

import static dev.drover.operator.cluster.OperatorFixture.await;
import static org.assertj.core.api.Assertions.assertThat;

import dev.drover.api.v1alpha1.Condition;
import dev.drover.api.v1alpha1.MigrationStatus;
import dev.drover.operator.chain.ChainSnapshot;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The pod that holds a snapshot for an extract: when it is made, left alone and removed. */
class SnapshotJobIT {
  private static final AtomicInteger NUMBER = new AtomicInteger();
  private static final String M = "orders";
  private static final String EXTRACT = "tables: [\"public.orders\"]";

  private OperatorFixture operator;

  @BeforeEach
  void open() {
    operator = new OperatorFixture("snapshot-" + NUMBER.incrementAndGet());
    operator.secrets();
  }

  @AfterEach
  void close() {
    operator.close();
  }

  private static String manifest() {
    return Manifests.migration(M).replace(EXTRACT, EXTRACT + ", consistency: Snapshot");
  }

  private List<Job> holders() {
    return operator.jobs().stream()
        .filter(
            j -> "snapshot".equals(j.getMetadata().getLabels().get("app.kubernetes.io/component")))
        .toList();
  }

  private Job running() {
    operator.apply(manifest());
    operator.awaitCondition(M, "Ready", "True", "Running");
    assertThat(holders()).hasSize(1);
    return holders().getFirst();
  }

  private static Instant made(io.fabric8.kubernetes.api.model.HasMetadata object) {
    return Instant.parse(object.getMetadata().getCreationTimestamp());
  }

  @Test
  void it_is_made_before_the_workers_and_sees_one_connection_alone() {
    Job job = running();
    assertThat(made(job)).isBeforeOrEqualTo(made(operator.deployment("read")));
    assertThat(job.getMetadata().getOwnerReferences().getFirst().getName()).isEqualTo(M);
    assertThat(job.getSpec().getPodReplacementPolicy()).isEqualTo("Failed");
    assertThat(job.getSpec().getTemplate().getSpec().getContainers())
        .singleElement()
        .satisfies(
            c -> {
              assertThat(c.getArgs()).containsExactly("hold");
              assertThat(c.getVolumeMounts())
                  .extracting(v -> v.getName())
                  .containsExactlyInAnyOrder("tmp", "connection-legacy", "nats");
              assertThat(c.getEnv())
                  .anySatisfy(
                      e -> {
                        assertThat(e.getName()).isEqualTo("DROVER_STAGE");
                        assertThat(e.getValue()).isEqualTo("read");
                      });
            });
  }

  @Test
  void without_a_snapshot_nobody_holds_one() {
    operator.apply(Manifests.migration(M));
    operator.awaitCondition(M, "Ready", "True", "Running");
    assertThat(holders()).isEmpty();
  }

  @Test
  void neither_an_edit_nor_a_suspension_nor_a_restart_touches_it() {
    Job before = running();
    String first = operator.migration(M).getStatus().plan().revision();
    operator.apply(
        manifest()
            .replace("record.qty > 0", "record.qty > 1")
            .replace("consistency: Snapshot", "consistency: Snapshot, splitRecords: 777"));
    await().until(() -> !operator.migration(M).getStatus().plan().revision().equals(first));
    await().until(() -> operator.jobs().size() == 2);
    operator.patch(M, "{\"spec\":{\"suspend\":true}}");
    operator.awaitCondition(M, "Ready", "False", "Suspended");
    operator.stop();
    operator.start();
    operator.patch(M, "{\"spec\":{\"suspend\":false}}");
    operator.awaitCondition(M, "Ready", "True", "Running");
    assertThat(holders())
        .singleElement()
        .satisfies(
            j -> {
              assertThat(j.getMetadata().getUid()).isEqualTo(before.getMetadata().getUid());
              assertThat(j.getSpec()).isEqualTo(before.getSpec());
            });
  }

  @Test
  void a_graft_with_backfill_has_one_of_its_own_that_goes_with_it() {
    Job before = running();
    operator.apply(
        manifest()
            + "    - {name: b, from: clean, backfill: true, load: {connectionName: shop, schema: b}}\n");
    await().until(() -> holders().size() == 2);
    assertThat(holders())
        .anySatisfy(
            j ->
                assertThat(j.getSpec().getTemplate().getSpec().getContainers().getFirst().getEnv())
                    .anySatisfy(e -> assertThat(e.getValue()).isEqualTo("b_read")));
    operator.apply(manifest());
    await().until(() -> holders().size() == 1);
    assertThat(holders().getFirst().getMetadata().getUid())
        .isEqualTo(before.getMetadata().getUid());
  }

  @Test
  void it_is_released_and_removed_once_all_is_read() {
    running();
    assertThat(operator.chain(M).released).isEmpty();
    operator.chain(M).counts = spec -> FaultyChain.snapshot(spec, 0, 1000, true);
    operator.awaitCondition(M, "Completed", "True", "AllLoaded");
    await().until(() -> holders().isEmpty());
    assertThat(operator.chain(M).released).containsExactly("read");
    double visits = operator.visits();
    await().until(() -> operator.visits() > visits); // it rests, and is visited each 10 s
    assertThat(holders()).as("it is not made again").isEmpty();
  }

  @Test
  void a_snapshot_that_is_lost_is_told_for_good_and_not_taken_again() {
    Job holder = running();
    operator.chain(M).counts =
        spec ->
            FaultyChain.stalled(
                FaultyChain.snapshot(spec, 0, 500, false),
                "read",
                new ChainSnapshot.StallReason("SnapshotLost", "it is gone: make it anew"));
    operator.endJob(holder);
    Condition ready = operator.awaitCondition(M, "Ready", "False", "SnapshotLost");
    assertThat(ready.message()).contains("stage read: it is gone: make it anew");
    operator.awaitCondition(M, "Completed", "False", "SnapshotLost");
    await().until(() -> operator.replicas("read"), r -> r == 0);
    assertThat(operator.migration(M).getStatus().stages().getFirst().scaling())
        .returns("SnapshotLost", MigrationStatus.Scaling::reason);
    await().until(() -> holders().isEmpty());
    operator.restartLater(Duration.ofSeconds(61));
    operator.awaitCondition(M, "Ready", "False", "SnapshotLost");
    assertThat(holders()).isEmpty();
  }

  @Test
  void it_counts_among_the_connections() {
    operator.chain(M).counts = spec -> FaultyChain.snapshot(spec, 3_000_000, 0, false);
    operator.apply(
        manifest()
            .replace(
                "credentialsSecretRef: {name: legacy-db}}",
                "credentialsSecretRef: {name: legacy-db}}\n      maxConnections: 3"));
    operator.awaitCondition(M, "Ready", "True", "Running");
    await().until(() -> operator.replicas("read"), r -> r == 2);
    assertThat(holders()).hasSize(1);
  }

  @Test
  void a_migration_is_deleted_with_it() {
    running();
    operator.client.resource(operator.migration(M)).delete();
    await().until(() -> operator.migration(M) == null);
    assertThat(operator.jobs()).isEmpty();
  }
}
