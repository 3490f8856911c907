package dev.drover.operator.redrive;

import dev.drover.operator.ServedNamespaces;
import dev.drover.operator.chain.NatsLink;
import dev.drover.operator.desk.Requester;
import dev.drover.operator.workload.NatsSecret;
import dev.drover.operator.workload.RedriveJob;
import dev.drover.operator.workload.WorkloadSettings;
import dev.drover.operator.workload.Workloads;
import io.javaoperatorsdk.operator.Operator;
import io.javaoperatorsdk.operator.processing.retry.GenericRetry;
import java.time.Clock;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** The Redrive controller, put together and registered. */
public final class RedriveController {
  /** Who writes the status. */
  static final String FIELD_MANAGER = "drover-redrive";

  private RedriveController() {}

  /**
   * Registers the controller, before the operator starts.
   *
   * @param namespaces the namespaces to serve
   * @param requester how to tell who asked
   * @param natsSecret what pods need to know NATS; null if they need nothing
   */
  public static void register(
      Operator operator,
      ServedNamespaces namespaces,
      WorkloadSettings settings,
      @Nullable NatsSecret natsSecret,
      NatsLink link,
      Requester requester,
      Clock clock) {
    RedriveReconciler reconciler =
        new RedriveReconciler(
            link,
            operator.getKubernetesClient(),
            new Workloads(operator.getKubernetesClient(), natsSecret, clock),
            new RedriveJob(settings),
            requester,
            clock);
    operator.register(
        reconciler,
        config -> {
          config
              .withName("redrive")
              .withFieldManager(FIELD_MANAGER)
              .withGenericFilter(namespaces::include)
              .withRetry(patient());
          if (!namespaces.watched().isEmpty()) {
            config.settingNamespaces(namespaces.watched());
          }
        });
  }

  /** Never gives up: after a second, then twice as long, at last every minute. */
  private static GenericRetry patient() {
    return new GenericRetry()
        .withoutMaxAttempts()
        .setInitialInterval(Duration.ofSeconds(1).toMillis())
        .setIntervalMultiplier(2)
        .setMaxInterval(Duration.ofMinutes(1).toMillis());
  }
}
