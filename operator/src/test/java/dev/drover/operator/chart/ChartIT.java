package dev.drover.operator.chart;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.EnvVar;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.kubernetes.api.model.rbac.ClusterRole;
import io.fabric8.kubernetes.api.model.rbac.PolicyRule;
import io.fabric8.kubernetes.api.model.rbac.Role;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIf;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@EnabledIf("dev.drover.operator.chart.Chart#canRender")
class ChartIT {
  @Test
  void by_default_all_namespaces_are_served_by_one_cluster_role() {
    assertThat(kinds(Chart.objects()))
        .containsOnly(
            Map.entry("ServiceAccount", 1L),
            Map.entry("ClusterRole", 4L),
            Map.entry("ValidatingAdmissionPolicy", 2L),
            Map.entry("ValidatingAdmissionPolicyBinding", 2L),
            Map.entry("MutatingAdmissionPolicy", 1L),
            Map.entry("MutatingAdmissionPolicyBinding", 1L),
            Map.entry("ClusterRoleBinding", 1L),
            Map.entry("Role", 1L),
            Map.entry("RoleBinding", 1L),
            Map.entry("Deployment", 1L));
  }

  @Test
  void watched_namespaces_get_a_role_each_and_nothing_cluster_wide() {
    List<HasMetadata> objects = Chart.objects("watchNamespaces={shop,crm}");
    assertThat(kinds(objects))
        .doesNotContainKeys("ClusterRole", "ValidatingAdmissionPolicy")
        .containsEntry("Role", 3L);
    assertThat(environment(objects)).containsEntry("DROVER_WATCH_NAMESPACES", "shop,crm");
  }

  @Test
  void a_note_of_who_asked_is_believed_only_where_the_policy_that_guards_it_is_installed() {
    assertThat(environment(Chart.objects())).containsEntry("DROVER_NOTES_USERS", "true");
    for (String value : List.of("watchNamespaces={shop}", "failureRoles.create=false")) {
      List<HasMetadata> objects = Chart.objects(value);
      assertThat(kinds(objects)).doesNotContainKey("MutatingAdmissionPolicy");
      assertThat(environment(objects)).doesNotContainKey("DROVER_NOTES_USERS");
    }
  }

  @Test
  void ignored_namespaces_are_left_to_another_release() {
    assertThat(environment(Chart.objects("ignoreNamespaces={shop,crm}")))
        .containsEntry("DROVER_IGNORE_NAMESPACES", "shop,crm");
    assertThat(Chart.render("watchNamespaces={shop}", "ignoreNamespaces={crm}"))
        .as("it ignores what it does not watch anyway")
        .contains("values don't meet the specifications of the schema");
  }

  @Test
  void two_releases_in_one_namespace_elect_their_leaders_apart() {
    for (String release : List.of("drover", "drover-crm")) {
      List<HasMetadata> objects = Chart.release(release, "watchNamespaces={shop}");
      assertThat(environment(objects)).containsEntry("DROVER_LEASE", release);
      assertThat(rules(objects))
          .filteredOn(r -> r.getResources().contains("leases"))
          .flatExtracting(PolicyRule::getResourceNames)
          .containsExactly(release);
    }
  }

  @Test
  void secrets_are_read_one_by_one_and_written_only_when_nats_credentials_must_be_copied() {
    assertThat(secretVerbs(Chart.objects())).containsExactly("get");
    assertThat(secretVerbs(Chart.objects("nats.credentialsSecret.name=nats")))
        .containsExactly("get", "create", "patch");
    assertThat(rules(Chart.objects()))
        .allSatisfy(
            r -> {
              assertThat(r.getVerbs()).doesNotContain("*", "deletecollection");
              assertThat(r.getResources()).doesNotContain("*");
            });
  }

  @Test
  void nats_credentials_and_ca_are_mounted_and_named() {
    List<HasMetadata> objects =
        Chart.objects("nats.credentialsSecret.name=creds", "nats.caSecret.name=ca");
    assertThat(environment(objects))
        .containsEntry("DROVER_NATS_CREDENTIALS_FILE", "/etc/drover/nats-credentials/nats.creds")
        .containsEntry("DROVER_NATS_CA_FILE", "/etc/drover/nats-ca/ca.crt");
    assertThat(deployment(objects).getSpec().getTemplate().getSpec().getVolumes())
        .extracting(v -> v.getName())
        .containsExactly("tmp", "nats-credentials", "nats-ca");
  }

  @Test
  void the_operator_meets_the_restricted_pod_standard() {
    var pod = deployment(Chart.objects()).getSpec().getTemplate().getSpec();
    assertThat(pod.getSecurityContext().getRunAsNonRoot()).isTrue();
    assertThat(pod.getSecurityContext().getSeccompProfile().getType()).isEqualTo("RuntimeDefault");
    var container = pod.getContainers().getFirst();
    assertThat(container.getSecurityContext().getReadOnlyRootFilesystem()).isTrue();
    assertThat(container.getSecurityContext().getAllowPrivilegeEscalation()).isFalse();
    assertThat(container.getSecurityContext().getCapabilities().getDrop()).containsExactly("ALL");
    assertThat(container.getResources().getLimits()).containsKey("memory").doesNotContainKey("cpu");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "nats.url=http://nats",
        "nats.url=nats://me:secret@nats:4222",
        "imagePullPolicy=Sometimes",
        "image.worker=",
        "watchNamespaces={Not_A_Namespace}",
        "replicas=-1",
        "nat.url=nats://nats:4222"
      })
  void a_wrong_value_is_refused_by_the_schema(String value) {
    assertThat(Chart.render(value)).contains("values don't meet the specifications of the schema");
  }

  private static Map<String, Long> kinds(List<HasMetadata> objects) {
    return objects.stream()
        .collect(Collectors.groupingBy(HasMetadata::getKind, Collectors.counting()));
  }

  private static Deployment deployment(List<HasMetadata> objects) {
    return objects.stream()
        .filter(Deployment.class::isInstance)
        .map(Deployment.class::cast)
        .findFirst()
        .orElseThrow();
  }

  private static Map<String, String> environment(List<HasMetadata> objects) {
    return deployment(objects)
        .getSpec()
        .getTemplate()
        .getSpec()
        .getContainers()
        .getFirst()
        .getEnv()
        .stream()
        .filter(e -> e.getValue() != null)
        .collect(Collectors.toMap(EnvVar::getName, EnvVar::getValue));
  }

  private static List<PolicyRule> rules(List<HasMetadata> objects) {
    return objects.stream()
        .flatMap(
            o ->
                switch (o) {
                  case ClusterRole c -> c.getRules().stream();
                  case Role r -> r.getRules().stream();
                  default -> java.util.stream.Stream.<PolicyRule>empty();
                })
        .toList();
  }

  private static List<String> secretVerbs(List<HasMetadata> objects) {
    return rules(objects).stream()
        .filter(r -> r.getResources().contains("secrets"))
        .flatMap(r -> r.getVerbs().stream())
        .toList();
  }
}
