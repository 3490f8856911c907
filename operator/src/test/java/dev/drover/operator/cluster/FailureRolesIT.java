package dev.drover.operator.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.drover.api.cluster.ApiServer;
import dev.drover.operator.chart.Chart;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.NamespaceBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.utils.Serialization;
import java.time.Duration;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIf;

/** The chart's roles for failed records: each can do its own and nothing more. */
@EnabledIf("dev.drover.operator.chart.Chart#canRender")
class FailureRolesIT {
  private static final String SHOP = "failure-roles";
  private static final KubernetesClient CLIENT = ApiServer.get().client();
  private static final Set<String> KINDS =
      Set.of(
          "ClusterRole",
          "ValidatingAdmissionPolicy",
          "ValidatingAdmissionPolicyBinding",
          "MutatingAdmissionPolicy",
          "MutatingAdmissionPolicyBinding");
  private static String manifest;

  @BeforeAll
  static void install() {
    CLIENT
        .resource(new NamespaceBuilder().withNewMetadata().withName(SHOP).endMetadata().build())
        .create();
    manifest =
        Chart.release("roles").stream()
            .filter(o -> KINDS.contains(o.getKind()))
            .map(FailureRolesIT::yaml)
            .collect(Collectors.joining("\n---\n"));
    ApiServer.Result applied = ApiServer.get().kubectl(manifest, "apply", "-f", "-");
    assertThat(applied.code()).as(applied.output()).isZero();
    for (String role : Set.of("view", "correct", "waive")) {
      ApiServer.Result bound =
          ApiServer.get()
              .kubectl(
                  "",
                  "create",
                  "rolebinding",
                  role,
                  "--clusterrole=roles-drover-drover-system-failures-" + role,
                  "--user=" + role + "er",
                  "-n",
                  SHOP);
      assertThat(bound.code()).as(bound.output()).isZero();
    }
    record("warm-up");
    await()
        .atMost(Duration.ofSeconds(60))
        .pollInterval(Duration.ofMillis(300))
        .untilAsserted(
            () -> {
              // Another reason each time: a patch that changes nothing asks for nothing.
              String another = WAIVE.replace("known", "known " + System.nanoTime());
              assertThat(patch("correcter", "warm-up", another).output()).contains("may not waive");
              patch("waiveer", "warm-up", another);
              assertThat(askedBy("warm-up")).isEqualTo("waiveer");
            });
  }

  private static final String WAIVE = "{\"spec\":{\"action\":\"Waive\",\"reason\":\"known\"}}";
  private static final String REPLAY =
      "{\"spec\":{\"action\":\"Replay\",\"correction\":{\"qty\":4}}}";

  @AfterAll
  static void remove() {
    ApiServer.get().kubectl(manifest, "delete", "-f", "-");
  }

  @BeforeEach
  void make() {
    ApiServer.get().kubectl("", "delete", "fr", "r", "-n", SHOP, "--ignore-not-found");
    record("r");
  }

  private static String yaml(HasMetadata object) {
    return Serialization.asYaml(object);
  }

  private static void record(String name) {
    ApiServer.Result made =
        ApiServer.get()
            .apply(
                SHOP,
                """
                apiVersion: drover.dev/v1alpha1
                kind: FailedRecord
                metadata: {name: %s}
                spec: {action: None}
                """
                    .formatted(name));
    assertThat(made.code()).as(made.output()).isZero();
  }

  private static ApiServer.Result patch(String user, String name, String patch) {
    return as(user, "patch", "fr", name, "--type=merge", "-p", patch);
  }

  private static ApiServer.Result as(String user, String... arguments) {
    java.util.List<String> all = new java.util.ArrayList<>(java.util.List.of(arguments));
    all.addAll(java.util.List.of("-n", SHOP, "--as", user));
    return ApiServer.get().kubectl("", all.toArray(String[]::new));
  }

  private static String askedBy(String name) {
    return ApiServer.get()
        .kubectl(
            "",
            "get",
            "fr",
            name,
            "-n",
            SHOP,
            "-o",
            "jsonpath={.metadata.annotations.drover\\.dev/asked-by}")
        .output();
  }

  private static void allowed(ApiServer.Result result) {
    assertThat(result.code()).as(result.output()).isZero();
  }

  private static void forbidden(ApiServer.Result result) {
    assertThat(result.code()).isNotZero();
    assertThat(result.output()).containsIgnoringCase("forbidden");
  }

  @Test
  void who_may_see_failures_sees_them_and_changes_nothing() {
    allowed(as("viewer", "get", "fr"));
    forbidden(patch("viewer", "r", REPLAY));
    forbidden(patch("viewer", "r", WAIVE));
    forbidden(as("viewer", "delete", "fr", "r"));
    forbidden(as("viewer", "patch", "fr", "r", "--subresource=status", "--type=merge", "-p", "{}"));
  }

  @Test
  void who_may_correct_replays_and_waives_nothing() {
    allowed(as("correcter", "get", "fr"));
    allowed(patch("correcter", "r", REPLAY));
    ApiServer.Result refused =
        patch("correcter", "r", WAIVE.replace("\"spec\":{", "\"spec\":{\"correction\":null,"));
    forbidden(refused);
    assertThat(refused.output())
        .contains("correcter may not waive failed records", "verb waive", "failures-waive");
    forbidden(as("correcter", "delete", "fr", "r"));
  }

  @Test
  void who_may_waive_waives_and_corrects_nothing() {
    allowed(as("waiveer", "get", "fr"));
    ApiServer.Result refused = patch("waiveer", "r", REPLAY);
    forbidden(refused);
    assertThat(refused.output())
        .contains("waiveer may not correct or replay", "verb correct", "failures-correct");
    forbidden(patch("waiveer", "r", "{\"spec\":{\"correction\":{\"qty\":4}}}"));
    allowed(patch("waiveer", "r", WAIVE));
    forbidden(as("waiveer", "delete", "fr", "r"));
  }

  @Test
  void nobody_else_sees_anything() {
    forbidden(as("stranger", "get", "fr"));
    forbidden(patch("stranger", "r", WAIVE));
  }

  @Test
  void who_asked_is_noted_and_cannot_be_forged() {
    allowed(patch("correcter", "r", REPLAY));
    assertThat(askedBy("r")).isEqualTo("correcter");
    allowed(
        patch(
            "waiveer",
            "r",
            "{\"metadata\":{\"annotations\":{\"drover.dev/asked-by\":\"somebody\"}}}"));
    assertThat(askedBy("r")).isEqualTo("correcter");
    allowed(
        patch(
            "correcter",
            "r",
            "{\"metadata\":{\"annotations\":{\"drover.dev/asked-by\":\"somebody\"}},\"spec\":{\"attempt\":2}}"));
    assertThat(askedBy("r")).isEqualTo("correcter");
  }

  private static ApiServer.Result redrive(String user, String spec) {
    return ApiServer.get()
        .kubectl(
            """
            apiVersion: drover.dev/v1alpha1
            kind: Redrive
            metadata: {generateName: many-}
            spec: {migrationName: shop, selector: {stage: clean}, %s}
            """
                .formatted(spec),
            "create",
            "-f",
            "-",
            "-n",
            SHOP,
            "--as",
            user);
  }

  @Test
  void who_asked_for_many_is_noted_and_cannot_be_forged() {
    ApiServer.Result made =
        ApiServer.get()
            .kubectl(
                """
                apiVersion: drover.dev/v1alpha1
                kind: Redrive
                metadata:
                  generateName: noted-
                  annotations: {drover.dev/asked-by: somebody}
                spec: {migrationName: shop, suspend: true}
                """,
                "create",
                "-f",
                "-",
                "-n",
                SHOP,
                "--as",
                "correcter",
                "-o",
                "jsonpath={.metadata.annotations.drover\\.dev/asked-by}");
    allowed(made);
    assertThat(made.output()).isEqualTo("correcter");
  }

  @Test
  void who_may_correct_redrives_many_and_waives_none_of_them() {
    allowed(redrive("correcter", "correction: {qty: 4}"));
    ApiServer.Result refused = redrive("correcter", "action: Waive, reason: known");
    forbidden(refused);
    assertThat(refused.output())
        .contains("correcter may not waive failed records", "redrives.drover.dev");
  }

  @Test
  void who_may_waive_waives_many_and_redrives_none_of_them() {
    allowed(redrive("waiveer", "action: Waive, reason: known"));
    for (String replay : java.util.List.of("correction: {qty: 4}", "action: Replay")) {
      ApiServer.Result refused = redrive("waiveer", replay);
      forbidden(refused);
      assertThat(refused.output())
          .contains("waiveer may not correct or replay", "redrives.drover.dev");
    }
  }

  @Test
  void who_only_sees_redrives_nothing_and_turns_none_into_another() {
    forbidden(redrive("viewer", "action: Replay"));
    forbidden(redrive("stranger", "action: Waive, reason: known"));
    String name = named(redrive("correcter", "suspend: true"));
    ApiServer.Result edited =
        as("waiveer", "patch", "rd", name, "--type=merge", "-p", "{\"spec\":{\"suspend\":false}}");
    forbidden(edited);
    assertThat(edited.output()).contains("waiveer may not correct or replay");
    forbidden(
        as("viewer", "patch", "rd", name, "--type=merge", "-p", "{\"spec\":{\"suspend\":false}}"));
    allowed(
        as(
            "correcter",
            "patch",
            "rd",
            name,
            "--type=merge",
            "-p",
            "{\"spec\":{\"suspend\":false}}"));
  }

  private static String named(ApiServer.Result made) {
    allowed(made);
    return made.output().replaceAll("(?s).*/(\\S+) created.*", "$1");
  }

  @Test
  void who_may_not_ask_for_many_withdraws_none_of_them_under_way() {
    String replay = named(redrive("correcter", "correction: {qty: 4}"));
    String waiver = named(redrive("waiveer", "action: Waive, reason: known"));

    ApiServer.Result refused = as("waiveer", "delete", "rd", replay);
    forbidden(refused);
    assertThat(refused.output()).contains(replay + " is under way", "verb correct");
    forbidden(as("correcter", "delete", "rd", waiver));
    forbidden(as("viewer", "delete", "rd", waiver));

    allowed(
        ApiServer.get()
            .kubectl(
                "",
                "patch",
                "rd",
                replay,
                "-n",
                SHOP,
                "--subresource=status",
                "--type=merge",
                "-p",
                "{\"status\":{\"conditions\":[],\"samples\":[],\"completionTime\":\"2026-01-01T00:00:00Z\"}}"));
    allowed(as("waiveer", "delete", "rd", replay));
    allowed(as("waiveer", "delete", "rd", waiver));
  }
}
