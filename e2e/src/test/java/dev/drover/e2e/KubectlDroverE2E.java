package dev.drover.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.drover.api.v1alpha1.Condition;
import dev.drover.api.v1alpha1.FailedRecord;
import dev.drover.api.v1alpha1.Redrive;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A migration with failures, seen and mended with {@code kubectl drover} alone. */
class KubectlDroverE2E {
  private static final String NAME = "terminal";
  private static final Path ROOT =
      Path.of(System.getProperty("drover.root", "..")).toAbsolutePath().normalize();

  @TempDir Path bin;

  private Cluster cluster;

  @BeforeEach
  void start() throws Exception {
    cluster = new Cluster();
    cluster.delete(NAME);
    Files.createSymbolicLink(
        bin.resolve("kubectl-drover"), ROOT.resolve("cli/target/kubectl-drover"));
    Cluster.schemaInBoth(NAME, "CREATE TABLE item (id int PRIMARY KEY, qty int, label text)");
    Cluster.execute(
        "legacy",
        "INSERT INTO terminal.item SELECT i, i % 1000, 'item ' || i FROM generate_series(0, 2999) i",
        "ANALYZE terminal.item");
    Cluster.execute("target", "ALTER TABLE terminal.item ADD CONSTRAINT no_seven CHECK (qty <> 7)");
    cluster.apply(
        Manifest.chain(
            NAME,
            "terminal.item",
            "{require: {that: \"record.qty > 0\", code: QtyNotPositive, message: \"'qty is ' + string(record.qty)\"}}"));
    cluster.awaitCondition(NAME, "Completed", "True");
    await().atMost(Cluster.SOON).until(() -> cluster.failedRecords(NAME).size() == 6);
    await()
        .atMost(Cluster.SOON)
        .until(() -> cluster.failedRecords(NAME).stream().allMatch(r -> r.getStatus() != null));
  }

  @AfterEach
  void stop() {
    cluster.delete(NAME);
    cluster.close();
  }

  private record Said(int code, String out, String err) {
    JsonNode json() throws IOException {
      return new ObjectMapper().readTree(out);
    }

    Said ends(int expected) {
      assertThat(code).as(out + err).isEqualTo(expected);
      return this;
    }
  }

  /** Runs {@code kubectl drover}, found by kubectl on PATH, with this editor. */
  private Said edited(String editor, String... arguments) throws Exception {
    List<String> command = new ArrayList<>();
    command.add(ROOT.resolve("dev/.state/bin/kubectl").toString());
    command.add("drover");
    command.addAll(List.of(arguments));
    Path err = bin.resolve("err");
    ProcessBuilder builder = new ProcessBuilder(command).redirectError(err.toFile());
    builder.environment().put("PATH", bin + ":" + System.getenv("PATH"));
    builder.environment().put("JAVA_HOME", System.getProperty("java.home"));
    builder.environment().put("EDITOR", editor);
    builder.environment().remove("KUBE_EDITOR");
    Process process = builder.start();
    process.getOutputStream().close();
    String out = new String(process.getInputStream().readAllBytes());
    int code = process.waitFor();
    return new Said(code, out, Files.readString(err));
  }

  private Said drover(String... arguments) throws Exception {
    return edited("false", arguments);
  }

  private FailedRecord record(String key) {
    return cluster.failedRecords(NAME).stream()
        .filter(r -> r.getStatus() != null && key.equals(r.getStatus().key()))
        .findFirst()
        .orElseThrow(() -> new AssertionError("no FailedRecord of key " + key));
  }

  private String name(String key) {
    return record(key).getMetadata().getName();
  }

  @Test
  void failures_are_found_fixed_redriven_and_waived() throws Exception {
    awaitCauses(3, 3);
    assertThat(drover("failures", NAME).ends(0).out())
        .contains("CheckViolated", "QtyNotPositive, such as key ", "qty is 0");
    JsonNode cause = drover("failures", NAME, "CheckViolated", "-o", "json").ends(0).json();
    assertThat(cause.get("records")).hasSize(3);
    assertThat(cause.at("/records/0/original/label").asText()).isEqualTo("item 7");

    // One record in the editor.
    Said fixed =
        edited("sed -i -e 's/^qty: 7/qty: 8/'", "fix", name("7"), "--reason", "a slip").ends(0);
    assertThat(fixed.err()).contains("* qty   | 7        | 8");
    assertThat(fixed.out()).contains("Replayed: loaded");
    assertThat(Cluster.query("target", "SELECT qty FROM terminal.item WHERE id = 7"))
        .containsExactly("8");
    assertThat(drover("failures", NAME, name("7")).ends(0).out())
        .contains("* qty   | 7        | 8")
        .containsPattern("Replay +.* ago +\\S+ +\\{\"qty\":8} +Replayed +a slip")
        .doesNotContainPattern("Replay +.* ago +- +");

    // What the operator refuses, and what fails again.
    assertThat(drover("fix", name("1007"), "--set", "qty=99999999999").ends(1).out())
        .contains("Refused: spec.correction.qty");
    assertThat(drover("fix", name("1007"), "--as-is").ends(1).out())
        .contains("FailedAgain: failed again");
    awaitCauses(2, 3);

    // The rest of one cause at once; then what cannot be mended.
    JsonNode redriven =
        drover("redrive", NAME, "--code", "QtyNotPositive", "--set", "qty=1", "--yes", "-o", "json")
            .ends(0)
            .json();
    assertThat(redriven.at("/dryRun/selected").asInt()).isEqualTo(3);
    assertThat(redriven.at("/dryRun/samples/0/after/qty").asInt()).isEqualTo(1);
    assertThat(redriven.at("/redrive/resolved").asInt()).isEqualTo(3);
    drover("waive", name("2007"), "--reason", "a duplicate").ends(0);
    JsonNode waived =
        drover(
                "waive",
                "-m",
                NAME,
                "--code",
                "CheckViolated",
                "--reason",
                "another",
                "--yes",
                "-o",
                "json")
            .ends(0)
            .json();
    assertThat(waived.at("/redrive/waived").asInt()).isEqualTo(1);
    assertThat(cluster.client.resources(Redrive.class).inNamespace("default").list().getItems())
        .as("no dry run is left")
        .extracting(r -> r.getSpec().dryRun())
        .containsOnly(false);

    await()
        .atMost(Cluster.SOON)
        .untilAsserted(
            () -> {
              JsonNode one =
                  drover("status", NAME, "-o", "json").ends(0).json().at("/migrations/0");
              assertThat(one.get("failedRecords").asInt()).isZero();
              assertThat(one.get("waivedRecords").asInt()).isEqualTo(2);
              assertThat(one.get("loadedRecords").asInt()).isEqualTo(2998);
            });
    assertThat(Cluster.query("target", "SELECT count(*) FROM terminal.item"))
        .containsExactly("2998");
    assertThat(cluster.condition(NAME, "Balanced").map(Condition::status)).contains("True");
    assertThat(drover("top", NAME, "--once").ends(0).out()).containsPattern("terminal +load +Done");
  }

  private void awaitCauses(int check, int positive) {
    await()
        .atMost(Cluster.SOON)
        .untilAsserted(
            () -> {
              JsonNode causes = drover("failures", NAME, "-o", "json").ends(0).json().get("causes");
              assertThat(
                      StreamSupport.stream(causes.spliterator(), false)
                          .map(c -> c.get("code").asText() + " " + c.get("records").asInt()))
                  .containsExactlyInAnyOrder(
                      "CheckViolated " + check, "QtyNotPositive " + positive);
            });
  }
}
