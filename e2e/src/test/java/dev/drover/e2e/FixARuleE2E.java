package dev.drover.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import dev.drover.api.v1alpha1.Redrive;
import dev.drover.api.v1alpha1.RedriveStatus;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** {@code examples/fix-a-rule/README.md}, followed line by line. */
class FixARuleE2E {
  private static final Path ROOT = Path.of(System.getProperty("drover.root", ".."));
  private static final Pattern BLOCK = Pattern.compile("```sh\n(.*?)```", Pattern.DOTALL);

  private Cluster cluster;

  @BeforeEach
  void start() throws Exception {
    cluster = new Cluster();
    cluster.delete("parcels");
  }

  @AfterEach
  void stop() {
    cluster.delete("parcels");
    cluster.close();
  }

  /** The shell lines of the story's parts, the last one, which tidies up, left out. */
  private static List<String> parts() throws Exception {
    List<String> parts =
        BLOCK
            .matcher(Files.readString(ROOT.resolve("examples/fix-a-rule/README.md")))
            .results()
            .map(r -> r.group(1))
            .toList();
    return parts.subList(0, parts.size() - 1);
  }

  private static String shell(String script) throws Exception {
    String inRoot =
        "cd " + ROOT.toAbsolutePath() + "\nPATH=$PWD/dev/.state/bin:$PATH\nset -euo pipefail\n";
    return Commands.run(List.of("bash", "-c", inRoot + script));
  }

  /** The revision in which each stage's workers read the spec. */
  private Map<String, String> templates() {
    return cluster
        .client
        .apps()
        .deployments()
        .inNamespace("default")
        .withLabel("drover.dev/migration", "parcels")
        .list()
        .getItems()
        .stream()
        .collect(
            Collectors.toMap(
                d -> d.getMetadata().getLabels().get("drover.dev/stage"), FixARuleE2E::template));
  }

  private static String template(Deployment deployment) {
    return deployment.getSpec().getTemplate().toString();
  }

  private RedriveStatus redrive(String name) {
    return cluster
        .client
        .resources(Redrive.class)
        .inNamespace("default")
        .withName(name)
        .get()
        .getStatus();
  }

  @Test
  void the_readme_can_be_followed_and_exactly_the_affected_records_pass() throws Exception {
    List<String> parts = parts();
    assertThat(parts).hasSize(6);
    shell(parts.get(0));
    Map<String, String> before = templates();

    String told = shell(String.join("\n", parts.subList(1, parts.size())));

    assertThat(told)
        .contains("3003 records failed at clean: NoWeight")
        .contains("LETTER, after|3000")
        .contains("PARCEL, before|56997")
        .doesNotContain("PARCEL, after", "LETTER, before");
    assertThat(redrive("letters-dry-run").selected()).isEqualTo(3003);
    assertThat(redrive("letters-dry-run").sent()).isZero();
    RedriveStatus sent = redrive("letters");
    assertThat(List.of(sent.selected(), sent.sent())).containsOnly(3003L);
    assertThat(sent.resolved()).isEqualTo(3000);
    assertThat(sent.failedAgain()).isEqualTo(3);
    assertThat(Cluster.query("target", "SELECT count(*) FROM parcels.parcel WHERE grams < 0"))
        .containsExactly("0");
    Map<String, String> after = templates();
    assertThat(after.get("read")).as("not rolled").isEqualTo(before.get("read"));
    assertThat(after.get("load")).as("not rolled").isEqualTo(before.get("load"));
    assertThat(after.get("clean")).as("rolled").isNotEqualTo(before.get("clean"));
    cluster.awaitCondition("parcels", "Balanced", "True");
  }
}
