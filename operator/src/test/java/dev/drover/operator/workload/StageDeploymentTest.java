package dev.drover.operator.workload;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.drover.api.v1alpha1.Migration;
import dev.drover.api.v1alpha1.Redrive;
import dev.drover.api.v1alpha1.RedriveSpec;
import dev.drover.api.v1alpha1.StartAt;
import dev.drover.operator.Specs;
import dev.drover.wire.plan.StageSpec;
import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.EnvVar;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import io.fabric8.kubernetes.api.model.PodSpec;
import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.api.model.ResourceRequirementsBuilder;
import io.fabric8.kubernetes.api.model.SecurityContext;
import io.fabric8.kubernetes.api.model.VolumeMount;
import io.fabric8.kubernetes.api.model.VolumeProjection;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

class StageDeploymentTest {
  private static final WorkloadSettings SETTINGS =
      new WorkloadSettings(
          "drover/worker:1",
          "IfNotPresent",
          List.of(),
          "-XX:+UseSerialGC",
          new ResourceRequirementsBuilder()
              .withLimits(Map.of("memory", new Quantity("384Mi")))
              .build(),
          Duration.ofSeconds(240),
          "nats://nats:4222",
          true,
          false);
  private static final Migration MIGRATION =
      Specs.migration(
          "credentialsSecretRef: {name: shop-db}",
          "credentialsSecretRef: {name: shop-db}, caSecretRef: {name: shop-ca}");
  private static final StageSpec LOAD =
      new StageSpec.Load("load", "clean", "shop", null, StageSpec.LoadMode.Upsert, List.of());

  private final Deployment deployment =
      new StageDeployment(SETTINGS)
          .of(MIGRATION, LOAD, MIGRATION.getSpec().connections().get(1), "rev1", "hash1", 2);
  private final PodSpec pod = deployment.getSpec().getTemplate().getSpec();
  private final Container container = pod.getContainers().getFirst();

  @Test
  void a_copy_of_a_stage_has_names_as_kubernetes_allows_them() {
    StageSpec copy = new StageSpec.Transform("load_clean", "load_read", List.of());
    Deployment own = new StageDeployment(SETTINGS).of(MIGRATION, copy, null, "rev1", "hash1", 1);

    assertThat(own.getMetadata().getName()).matches("orders-load--clean-[0-9a-f]{6}");
    assertThat(own.getMetadata().getLabels()).containsEntry("drover.dev/stage", "load_clean");
  }

  @Test
  void a_worker_is_told_where_it_belongs() {
    assertThat(container.getArgs()).containsExactly("run");
    Map<String, String> environment =
        container.getEnv().stream().collect(Collectors.toMap(EnvVar::getName, EnvVar::getValue));
    assertThat(environment)
        .containsEntry("DROVER_NAMESPACE", "default")
        .containsEntry("DROVER_MIGRATION", "orders")
        .containsEntry("DROVER_UID", MIGRATION.getMetadata().getUid())
        .containsEntry("DROVER_STAGE", "load")
        .containsEntry("DROVER_REVISION", "rev1")
        .containsEntry("NATS_URL", "nats://nats:4222")
        .containsEntry("NATS_CREDS_FILE", "/etc/drover/nats/nats.creds")
        .doesNotContainKey("NATS_CA_FILE");
    assertThat(StageDeployment.revision(deployment)).isEqualTo("rev1");
    assertThat(StageDeployment.stageHash(deployment)).isEqualTo("hash1");
  }

  @Test
  void a_stage_sees_the_secrets_of_its_own_connection_alone() {
    assertThat(container.getVolumeMounts())
        .extracting(VolumeMount::getMountPath)
        .containsExactly("/tmp", "/etc/drover/connections/shop", "/etc/drover/nats");
    List<VolumeProjection> sources = pod.getVolumes().get(1).getProjected().getSources();
    assertThat(sources)
        .extracting(s -> s.getSecret().getName())
        .containsExactly("shop-db", "shop-ca");
    assertThat(sources.get(1).getSecret().getItems().getFirst().getPath()).isEqualTo("ca.crt");
  }

  @Test
  void the_pod_meets_the_restricted_standard() {
    assertThat(pod.getAutomountServiceAccountToken()).isFalse();
    assertThat(pod.getSecurityContext().getRunAsNonRoot()).isTrue();
    assertThat(pod.getSecurityContext().getRunAsUser()).isEqualTo(65532);
    assertThat(pod.getSecurityContext().getSeccompProfile().getType()).isEqualTo("RuntimeDefault");
    SecurityContext context = container.getSecurityContext();
    assertThat(context.getReadOnlyRootFilesystem()).isTrue();
    assertThat(context.getAllowPrivilegeEscalation()).isFalse();
    assertThat(context.getCapabilities().getDrop()).containsExactly("ALL");
  }

  @Test
  void a_worker_knows_how_long_it_has_to_finish_what_it_has_begun() {
    assertThat(pod.getTerminationGracePeriodSeconds()).isEqualTo(240);
    assertThat(container.getEnv())
        .filteredOn(e -> e.getName().equals("DROVER_GRACE_SECONDS"))
        .singleElement()
        .satisfies(e -> assertThat(e.getValue()).isEqualTo("240"));
  }

  @Test
  void a_stage_with_a_database_rolls_without_extra_connections() {
    assertThat(surge(deployment)).isZero();
    StageSpec clean = new StageSpec.Transform("clean", "read", List.of());
    assertThat(surge(new StageDeployment(SETTINGS).of(MIGRATION, clean, null, "r", "h", 1)))
        .isEqualTo(1);
  }

  @Test
  void an_enrich_has_its_connections_secrets_and_rolls_as_a_load_does() {
    StageSpec tiers =
        new StageSpec.Enrich(
            "tiers", "read", "shop", List.of(), "q", StageSpec.OnMissing.Fail, null, 30);
    Deployment enrich =
        new StageDeployment(SETTINGS)
            .of(MIGRATION, tiers, MIGRATION.getSpec().connections().get(1), "r", "h", 1);
    assertThat(surge(enrich)).isZero();
    assertThat(
            enrich.getSpec().getTemplate().getSpec().getContainers().getFirst().getVolumeMounts())
        .extracting(VolumeMount::getMountPath)
        .contains("/etc/drover/connections/shop");
    assertThat(StageDeployment.kind(tiers)).isEqualTo("enrich");
  }

  private static Migration lookingUp() {
    return Specs.migration(
        "- name: load",
        "- name: tiers\n      from: clean\n      enrich: {http: {url: \"https://crm/c/{id}\","
            + " caSecretRef: {name: crm-ca, key: root.pem}, headers: [{name: X-Api-Key, valueFrom:"
            + " {secretKeyRef: {name: crm, key: token}}}, {name: X-Of, value: shop}], fields:"
            + " [{name: tier, pointer: /tier}]}}\n    - name: load");
  }

  private static final StageSpec.Enrich TIERS =
      new StageSpec.Enrich(
          "tiers", "clean", "x", List.of(), "q", StageSpec.OnMissing.Fail, null, 30);

  @Test
  void a_lookup_over_http_has_its_secrets_as_files_and_no_other_stage_has() {
    PodSpec tiers =
        new StageDeployment(SETTINGS)
            .of(lookingUp(), TIERS, null, "r", "h", 1)
            .getSpec()
            .getTemplate()
            .getSpec();
    assertThat(tiers.getContainers().getFirst().getVolumeMounts())
        .extracting(VolumeMount::getMountPath)
        .containsExactly("/tmp", "/etc/drover/connections/http.tiers", "/etc/drover/nats");
    assertThat(tiers.getVolumes().get(1).getProjected().getSources())
        .extracting(
            s ->
                s.getSecret().getName()
                    + " "
                    + s.getSecret().getItems().getFirst().getKey()
                    + " "
                    + s.getSecret().getItems().getFirst().getPath())
        .containsExactly("crm token header-x-api-key", "crm-ca root.pem ca.crt");
    assertThat(
            new StageDeployment(SETTINGS)
                .of(lookingUp(), LOAD, null, "r", "h", 1)
                .getSpec()
                .getTemplate()
                .getSpec()
                .getVolumes())
        .noneMatch(v -> v.getName().startsWith("http"));
  }

  @Test
  void a_redrive_from_the_source_sees_what_stages_on_the_way_look_up_and_another_nothing() {
    assertThat(redrive(StartAt.Source))
        .contains("/etc/drover/connections/legacy", "/etc/drover/connections/http.tiers")
        .doesNotContain("/etc/drover/connections/shop");
    assertThat(redrive(StartAt.Stage)).noneMatch(path -> path.contains("connections"));
  }

  private static List<String> redrive(StartAt startAt) {
    Redrive redrive = new Redrive();
    redrive.setMetadata(
        new ObjectMetaBuilder().withName("again").withNamespace("default").withUid("u1").build());
    redrive.setSpec(
        new RedriveSpec(
            "orders",
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
    return new RedriveJob(SETTINGS)
            .of(lookingUp(), redrive)
            .getSpec()
            .getTemplate()
            .getSpec()
            .getContainers()
            .getFirst()
            .getVolumeMounts()
            .stream()
            .map(VolumeMount::getMountPath)
            .toList();
  }

  @Test
  void the_plan_job_sees_every_connection() {
    PodSpec plan = new PlanJob(SETTINGS).of(MIGRATION, "rev1").getSpec().getTemplate().getSpec();
    assertThat(plan.getContainers().getFirst().getArgs()).containsExactly("plan");
    assertThat(plan.getContainers().getFirst().getVolumeMounts())
        .extracting(VolumeMount::getMountPath)
        .contains("/etc/drover/connections/legacy", "/etc/drover/connections/shop");
    assertThat(plan.getContainers().getFirst().getLivenessProbe()).isNull();
  }

  @Test
  void names_do_not_clash_and_leave_room_for_a_pods_suffix() {
    Migration ab = Specs.migration("name: orders}", "name: a-b}");
    Migration a = Specs.migration("name: orders}", "name: a}");
    assertThat(WorkloadNames.deployment(ab, "c")).isNotEqualTo(WorkloadNames.deployment(a, "b-c"));
    assertThat(WorkloadNames.deployment(a, "plan")).isNotEqualTo(WorkloadNames.planJob(a, "plan"));
    Migration longest = Specs.migration("name: orders}", "name: " + "m".repeat(40) + "}");
    String one = WorkloadNames.deployment(longest, "s".repeat(30));
    assertThat(one).hasSizeLessThanOrEqualTo(46).matches("[a-z]([-a-z0-9]*[a-z0-9])?");
    assertThat(one).isNotEqualTo(WorkloadNames.deployment(longest, "s".repeat(29)));
  }

  @Test
  void what_the_api_server_adds_or_writes_its_own_way_is_no_difference() {
    JsonNode desired = json("{'memory':'1024Mi','l':[{'n':1}]}");
    assertThat(DesiredState.covers(json("{'memory':'1Gi','l':[{'n':1,'d':2}],'x':1}"), desired))
        .isTrue();
    assertThat(DesiredState.covers(json("{'memory':'2Gi','l':[{'n':1}]}"), desired)).isFalse();
    assertThat(DesiredState.covers(json("{'memory':'1Gi','l':[{'n':1},{}]}"), desired)).isFalse();
    assertThat(DesiredState.covers(json("{'memory':'1Gi'}"), desired)).isFalse();
  }

  private static JsonNode json(String text) {
    try {
      return new ObjectMapper().readTree(text.replace('\'', '"'));
    } catch (JsonProcessingException e) {
      throw new IllegalArgumentException(e);
    }
  }

  private static int surge(Deployment deployment) {
    return deployment.getSpec().getStrategy().getRollingUpdate().getMaxSurge().getIntVal();
  }
}
