package dev.drover.operator.migration;

import dev.drover.operator.ServedNamespaces;
import dev.drover.operator.events.EventRecorder;
import dev.drover.operator.metrics.MigrationMetrics;
import dev.drover.operator.status.StatusWriter;
import dev.drover.operator.validation.ClusterSecrets;
import dev.drover.operator.workload.NatsSecret;
import dev.drover.operator.workload.PlanJob;
import dev.drover.operator.workload.SnapshotJob;
import dev.drover.operator.workload.StageDeployment;
import dev.drover.operator.workload.WorkloadSettings;
import dev.drover.operator.workload.Workloads;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.javaoperatorsdk.operator.Operator;
import io.javaoperatorsdk.operator.processing.retry.GenericRetry;
import java.time.Clock;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** The Migration controller, put together and registered. */
public final class MigrationController {
  /** Keeps a Migration until its streams are dealt with. */
  public static final String FINALIZER = "drover.dev/queues";

  private MigrationController() {}

  /**
   * Registers the controller.
   *
   * @param namespaces the namespaces to serve
   * @param natsSecret what pods need to know NATS; null if they need nothing
   */
  public static void register(
      Operator operator,
      ServedNamespaces namespaces,
      WorkloadSettings settings,
      @Nullable NatsSecret natsSecret,
      ChainSource chains,
      FailureWindow failures,
      MigrationMetrics metrics,
      Clock clock) {
    KubernetesClient client = operator.getKubernetesClient();
    Workloads workloads = new Workloads(client, natsSecret, clock);
    Visit visit =
        new Visit(
            chains,
            new ClusterSecrets(client, clock),
            workloads,
            new PlanningStep(workloads, new PlanJob(settings)),
            new JoiningStep(),
            new SnapshotsStep(workloads, new SnapshotJob(settings)),
            new StagesStep(workloads, new StageDeployment(settings), settings.gracePeriod()),
            failures);
    MigrationReconciler reconciler =
        new MigrationReconciler(
            visit,
            new Farewell(workloads, visit::chain),
            new StatusWriter(client, Workloads.FIELD_MANAGER),
            new EventRecorder(client, Workloads.FIELD_MANAGER, clock),
            metrics,
            clock,
            namespaces);
    operator.register(
        reconciler,
        config -> {
          config
              .withName("migration")
              .withFinalizer(FINALIZER)
              .withFieldManager(Workloads.FIELD_MANAGER)
              .withGenericFilter(namespaces::include)
              .withRetry(patient());
          if (namespaces.watched().isEmpty()) {
            config.withItemStore(new LeanCache<>());
          } else {
            config.settingNamespaces(namespaces.watched());
          }
        });
  }

  /** Never gives up: after a second, then twice as long, at last every minute. */
  private static GenericRetry patient() {
    return new GenericRetry()
        .withoutMaxAttempts()
        .setInitialInterval(Duration.ofSeconds(1))
        .setIntervalMultiplier(2)
        .setMaxInterval(Duration.ofMinutes(1).toMillis());
  }
}
