package dev.drover.operator.migration;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.ManagedFieldsEntry;
import io.fabric8.kubernetes.api.model.PodSpec;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.kubernetes.client.utils.Serialization;
import java.util.List;
import org.junit.jupiter.api.Test;

class LeanCacheTest {
  private final LeanCache<Deployment> cache = new LeanCache<>();

  /** As a Deployment arrives: every part of it is its own. */
  private static Deployment deployment(String name) {
    return Serialization.unmarshal(
        """
        apiVersion: apps/v1
        kind: Deployment
        metadata:
          name: %s
          namespace: shop
          labels: {stage: %s}
          ownerReferences: [{apiVersion: drover.dev/v1alpha1, kind: Migration, name: orders, uid: u1}]
        spec:
          strategy: {type: RollingUpdate}
          selector: {matchLabels: {stage: %s}}
          template:
            metadata: {labels: {stage: %s}}
            spec:
              securityContext: {runAsNonRoot: true}
              volumes: [{name: tmp, emptyDir: {}}]
              containers:
                - name: worker
                  env: [{name: DROVER_STAGE, value: %s}, {name: NATS_URL, value: "nats://nats:4222"}]
                  livenessProbe: {httpGet: {path: /live, port: 8080}}
                  resources: {limits: {memory: 384Mi}}
        """
            .formatted(name, name, name, name, name),
        Deployment.class);
  }

  private Deployment put(Deployment deployment) {
    String key = "shop/" + deployment.getMetadata().getName();
    cache.put(key, deployment);
    return cache.get(key);
  }

  @Test
  void an_object_stays_what_it_is_but_for_its_managed_fields() {
    Deployment arrived = deployment("read");
    arrived.getMetadata().setManagedFields(List.of(new ManagedFieldsEntry()));

    assertThat(put(arrived)).isEqualTo(deployment("read"));
  }

  @Test
  void what_pods_have_in_common_is_kept_once_and_what_they_have_not_stays_apart() {
    PodSpec read = put(deployment("read")).getSpec().getTemplate().getSpec();
    PodSpec load = put(deployment("load")).getSpec().getTemplate().getSpec();

    assertThat(load.getVolumes().getFirst()).isSameAs(read.getVolumes().getFirst());
    assertThat(load.getSecurityContext()).isSameAs(read.getSecurityContext());
    assertThat(load.getContainers().getFirst().getLivenessProbe())
        .isSameAs(read.getContainers().getFirst().getLivenessProbe());
    assertThat(load.getContainers().getFirst().getEnv())
        .extracting(e -> e.getValue())
        .containsExactly("load", "nats://nats:4222");
    assertThat(read.getContainers().getFirst().getEnv())
        .extracting(e -> e.getValue())
        .containsExactly("read", "nats://nats:4222");
  }

  @Test
  void an_object_without_labels_on_its_pods_is_kept_too() {
    Deployment bare = deployment("read");
    bare.getSpec().getTemplate().setMetadata(null);

    assertThat(put(bare).getSpec().getTemplate().getMetadata()).isNull();
  }
}
