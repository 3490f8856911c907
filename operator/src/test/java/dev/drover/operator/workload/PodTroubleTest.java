package dev.drover.operator.workload;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.client.utils.Serialization;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;

class PodTroubleTest {
  private static final Map<String, Set<String>> SECRETS = Map.of("legacy-db", Set.of("username"));

  private static Optional<String> trouble(String status) {
    Pod pod =
        Serialization.unmarshal(
            """
            apiVersion: v1
            kind: Pod
            metadata: {name: again-x}
            spec:
              containers: [{name: worker, image: "worker:none"}]
              volumes:
                - {name: nats, secret: {secretName: nats, optional: true}}
                - name: legacy
                  projected:
                    sources:
                      - secret:
                          name: legacy-db
                          items: [{key: username, path: u}, {key: password, path: p}]
            status: %s
            """
                .formatted(status),
            Pod.class);
    return PodTrouble.of(pod, name -> Optional.ofNullable(SECRETS.get(name)));
  }

  private static String waiting(String reason) {
    return "{phase: Pending, containerStatuses: [{name: worker, state: {waiting: "
        + reason
        + "}}]}";
  }

  @Test
  void an_image_that_is_not_to_be_had_is_told_with_what_kubernetes_says() {
    assertThat(trouble(waiting("{reason: ImagePullBackOff, message: 'Back-off pulling worker'}")))
        .contains("ImagePullBackOff: Back-off pulling worker");
    assertThat(trouble(waiting("{reason: InvalidImageName}"))).contains("InvalidImageName");
  }

  @Test
  void a_pod_that_no_node_takes_says_so() {
    assertThat(
            trouble(
                "{phase: Pending, conditions: [{type: PodScheduled, status: 'False', reason: Unschedulable, message: '0/1 nodes'}]}"))
        .contains("Unschedulable: 0/1 nodes");
  }

  @Test
  void a_secret_that_lacks_is_told_though_the_pod_says_nothing_of_it() {
    assertThat(trouble(waiting("{reason: ContainerCreating}")))
        .contains("SecretNotFound: it mounts Secret legacy-db, which has no key password: add it");
    assertThat(trouble("{phase: Pending}")).isPresent();
  }

  @Test
  void a_worker_that_ends_at_once_is_told_without_its_last_words() {
    assertThat(
            trouble(
                "{phase: Running, containerStatuses: [{name: worker, state: {waiting: {reason: CrashLoopBackOff}}, lastState: {terminated: {exitCode: 3, reason: Error, message: 'ann@example.org'}}}]}"))
        .contains("CrashLoopBackOff; it ended before with exit code 3 (Error)");
  }

  @Test
  void a_pod_that_runs_or_has_ended_is_in_no_trouble() {
    assertThat(
            trouble(
                "{phase: Running, containerStatuses: [{name: worker, state: {running: {startedAt: '2026-01-01T00:00:00Z'}}}]}"))
        .isEmpty();
    assertThat(trouble("{phase: Succeeded}")).isEmpty();
  }
}
