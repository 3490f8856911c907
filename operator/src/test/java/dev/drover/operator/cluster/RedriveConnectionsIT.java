package dev.drover.operator.cluster;

import static dev.drover.operator.cluster.OperatorFixture.await;
import static org.assertj.core.api.Assertions.assertThat;

import dev.drover.api.v1alpha1.Redrive;
import dev.drover.api.v1alpha1.RedriveSpec;
import dev.drover.api.v1alpha1.StartAt;
import dev.drover.operator.workload.RedriveJob;
import dev.drover.operator.workload.WorkloadSettings;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import io.fabric8.kubernetes.api.model.ResourceRequirements;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A Redrive that reads the source again, beside the workers that read it. */
class RedriveConnectionsIT {
  private static final String M = "orders";

  private static int opened;

  private OperatorFixture operator;

  @BeforeEach
  void open() {
    operator = new OperatorFixture("redrive-connections-" + ++opened);
    operator.secrets();
  }

  @AfterEach
  void close() {
    operator.close();
  }

  private Job job(StartAt startAt, String uid) {
    Redrive redrive = new Redrive();
    redrive.setMetadata(
        new ObjectMetaBuilder()
            .withName("again")
            .withNamespace(operator.namespace)
            .withUid(uid)
            .build());
    redrive.setSpec(
        new RedriveSpec(
            M,
            null,
            RedriveSpec.Action.Replay,
            startAt,
            null,
            null,
            null,
            null,
            null,
            null,
            false,
            false));
    WorkloadSettings settings =
        new WorkloadSettings(
            "worker:test",
            "Never",
            List.of(),
            "",
            new ResourceRequirements(),
            Duration.ofSeconds(300),
            "nats://nats:4222",
            false,
            false);
    return operator
        .client
        .resource(new RedriveJob(settings).of(operator.migration(M), redrive))
        .create();
  }

  @Test
  void its_session_counts_among_the_connections_as_long_as_it_is_there() {
    operator.chain(M).counts = spec -> FaultyChain.snapshot(spec, 3_000_000, 0, false);
    operator.apply(
        Manifests.migration(M)
            .replace(
                "credentialsSecretRef: {name: legacy-db}}",
                "credentialsSecretRef: {name: legacy-db}}\n      maxConnections: 3"));
    operator.awaitCondition(M, "Ready", "True", "Running");
    await().until(() -> operator.replicas("read"), r -> r == 3);

    Job stage = job(StartAt.Stage, "u1");
    assertThat(RedriveJob.reads(stage)).isEmpty();
    Job source = job(StartAt.Source, "u2");
    await().until(() -> operator.replicas("read"), r -> r == 2);
    double visits = operator.visits();
    await().until(() -> operator.visits() > visits + 2);
    assertThat(operator.jobs())
        .as("planning leaves it alone")
        .extracting(j -> j.getMetadata().getUid())
        .contains(stage.getMetadata().getUid(), source.getMetadata().getUid());

    operator.client.resource(source).delete();
    await().until(() -> operator.replicas("read"), r -> r == 3);
  }

  @Test
  void a_stage_that_it_may_wait_for_keeps_a_worker_however_low_the_cap_is() {
    operator.chain(M).counts = spec -> FaultyChain.snapshot(spec, 3_000_000, 0, false);
    operator.apply(
        Manifests.migration(M)
            .replace(
                "credentialsSecretRef: {name: legacy-db}}",
                "credentialsSecretRef: {name: legacy-db}}\n      maxConnections: 1"));
    await().until(() -> operator.replicas("read"), r -> r == 1);

    job(StartAt.Source, "u1");
    job(StartAt.Source, "u2");
    await().until(() -> operator.jobs().size(), jobs -> jobs >= 2);
    double visits = operator.visits();
    await().until(() -> operator.visits() > visits + 2);
    assertThat(operator.replicas("read")).isEqualTo(1);
  }
}
