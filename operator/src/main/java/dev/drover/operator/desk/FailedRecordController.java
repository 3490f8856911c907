package dev.drover.operator.desk;

import dev.drover.operator.ServedNamespaces;
import dev.drover.operator.chain.NatsLink;
import io.javaoperatorsdk.operator.Operator;
import io.javaoperatorsdk.operator.processing.retry.GenericRetry;
import java.time.Duration;
import java.time.InstantSource;

/** The FailedRecord controller and the desk, put together and registered. */
public final class FailedRecordController {
  private FailedRecordController() {}

  /**
   * Registers the controller, before the operator starts.
   *
   * @param namespaces the namespaces to serve
   * @param requester how to tell who asked
   * @return the desk, whose {@link FailedRecordDesk#sync} each visit to a Migration calls
   */
  public static FailedRecordDesk register(
      Operator operator,
      ServedNamespaces namespaces,
      NatsLink link,
      Requester requester,
      InstantSource clock) {
    Clerks clerks =
        new Clerks(
            link,
            new Schemas(link),
            new SourceReplays(operator.getKubernetesClient()),
            requester,
            new Searches(),
            clock);
    SeenMigrations migrations = new SeenMigrations(operator.getKubernetesClient());
    FailedRecordReconciler reconciler = new FailedRecordReconciler(clerks, migrations, clock);
    operator.register(
        reconciler,
        config -> {
          config
              .withName("failed-record")
              .withFieldManager(FailedRecordDesk.FIELD_MANAGER)
              .withGenericFilter(namespaces::include)
              .withOnAddFilter(FailedRecordReconciler::asks)
              .withRetry(patient());
          if (!namespaces.watched().isEmpty()) {
            config.settingNamespaces(namespaces.watched());
          }
        });
    return new FailedRecordDesk(
        link, operator.getKubernetesClient(), reconciler, clerks, migrations, clock);
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
