package dev.drover.operator.desk;

import dev.drover.operator.chain.NatsLink;
import io.javaoperatorsdk.operator.Operator;
import io.javaoperatorsdk.operator.processing.retry.GenericRetry;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Set;

/** The FailedRecord controller and the desk, put together and registered. */
public final class FailedRecordController {
  private FailedRecordController() {}

  /**
   * Registers the controller, before the operator starts.
   *
   * @param namespaces the namespaces to watch; empty for all
   * @return the desk, whose {@link FailedRecordDesk#sync} each visit to a Migration calls
   */
  public static FailedRecordDesk register(
      Operator operator, Set<String> namespaces, NatsLink link, InstantSource clock) {
    FailedRecordReconciler reconciler = new FailedRecordReconciler(link, clock);
    operator.register(
        reconciler,
        config -> {
          config
              .withName("failed-record")
              .withFieldManager(FailedRecordDesk.FIELD_MANAGER)
              .withRetry(patient());
          if (!namespaces.isEmpty()) {
            config.settingNamespaces(namespaces);
          }
        });
    return new FailedRecordDesk(link, operator.getKubernetesClient(), reconciler, clock);
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
