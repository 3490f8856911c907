package dev.drover.operator.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.drover.api.cluster.ApiServer;
import dev.drover.operator.Reconciliations;
import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.ConfigMapBuilder;
import io.fabric8.kubernetes.api.model.NamespaceBuilder;
import io.fabric8.kubernetes.api.model.coordination.v1.LeaseSpec;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.javaoperatorsdk.operator.Operator;
import io.javaoperatorsdk.operator.api.reconciler.Context;
import io.javaoperatorsdk.operator.api.reconciler.Reconciler;
import io.javaoperatorsdk.operator.api.reconciler.UpdateControl;
import java.time.Duration;
import java.time.ZonedDateTime;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;

/** More is to be reconciled than at once, and every reconciliation waits for something. */
class LeaseIT {
  private static final String NAMESPACE = "lease";
  private static final int MORE = Reconciliations.AT_ONCE + 10;
  private static final KubernetesClient CLIENT = ApiServer.get().client();

  private final CountDownLatch answer = new CountDownLatch(1);
  private final Set<String> waiting = ConcurrentHashMap.newKeySet();
  private final Set<String> done = ConcurrentHashMap.newKeySet();
  private final AtomicBoolean lost = new AtomicBoolean();

  @Test
  void it_is_renewed_while_every_reconciliation_waits_and_the_others_take_their_turn() {
    CLIENT
        .resource(
            new NamespaceBuilder().withNewMetadata().withName(NAMESPACE).endMetadata().build())
        .create();
    for (int i = 0; i < MORE; i++) {
      CLIENT
          .resource(
              new ConfigMapBuilder()
                  .withNewMetadata()
                  .withName("m" + i)
                  .withNamespace(NAMESPACE)
                  .endMetadata()
                  .build())
          .create();
    }
    Operator operator =
        new Operator(
            config -> {
              Reconciliations.configure(config, CLIENT);
              Reconciliations.elect(config, NAMESPACE, "lease", () -> lost.set(true));
            });
    operator.register(new WaitingReconciler(), c -> c.settingNamespace(NAMESPACE));
    operator.start();
    try {
      within().until(() -> waiting.size() == Reconciliations.AT_ONCE);
      for (int renewal = 0; renewal < 3; renewal++) {
        ZonedDateTime last = lease().getRenewTime();
        within().until(() -> lease().getRenewTime().isAfter(last));
      }
      assertThat(lost).isFalse();
      assertThat(waiting).hasSize(Reconciliations.AT_ONCE);
      answer.countDown();
      within().until(() -> done.size() == MORE);
    } finally {
      answer.countDown();
      operator.stop();
    }
  }

  private static LeaseSpec lease() {
    return CLIENT.leases().inNamespace(NAMESPACE).withName("lease").get().getSpec();
  }

  private static org.awaitility.core.ConditionFactory within() {
    return await().atMost(Duration.ofSeconds(60)).pollInterval(Duration.ofMillis(100));
  }

  private final class WaitingReconciler implements Reconciler<ConfigMap> {
    @Override
    public UpdateControl<ConfigMap> reconcile(ConfigMap map, Context<ConfigMap> context)
        throws InterruptedException {
      waiting.add(map.getMetadata().getName());
      answer.await();
      done.add(map.getMetadata().getName());
      return UpdateControl.noUpdate();
    }
  }
}
