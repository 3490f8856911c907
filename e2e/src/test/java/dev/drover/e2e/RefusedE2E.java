package dev.drover.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.drover.api.v1alpha1.Condition;
import io.fabric8.kubernetes.client.KubernetesClientException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Manifests that cannot work: refused with the path, what is wrong and what to write. */
class RefusedE2E {
  private static final String NAME = "refused";

  private Cluster cluster;

  @BeforeEach
  void start() throws Exception {
    cluster = new Cluster();
    cluster.delete(NAME);
    Cluster.schemaInBoth("refused", "CREATE TABLE item (id int PRIMARY KEY, qty int, label text)");
    Cluster.execute("legacy", "ALTER TABLE refused.item ADD extra text");
  }

  @AfterEach
  void stop() {
    cluster.delete(NAME);
    cluster.close();
  }

  private static String manifest(String... steps) {
    return Manifest.chain(NAME, "refused.item", steps);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "from: clean         | from: nowhere        | spec.stages[].from",
        "name: clean         | name: read           | read",
        "splitRecords: 20000 | splitRecords: -1     | splitRecords",
        "load: {connectionName: target} | load: {connectionName: nosuch} | connectionName",
        "load: {connectionName: target} | {load: {connectionName: target}, extract: {connectionName: legacy, tables: [a.b]}} | exactly one",
      })
  void kubectl_apply_refuses_what_can_be_known_from_the_manifest(
      String part, String wrong, String says) {
    String manifest = manifest("{filter: \"true\"}");
    String broken =
        wrong.startsWith("{")
            ? manifest.replace(
                part, part + "\n      extract: {connectionName: legacy, tables: [\"a.b\"]}")
            : manifest.replace(part, wrong);
    assertThat(broken).isNotEqualTo(manifest);

    assertThatThrownBy(() -> cluster.apply(broken))
        .isInstanceOf(KubernetesClientException.class)
        .hasMessageContaining(says);
    assertThat(cluster.migration(NAME)).isNull();
  }

  @Test
  void a_secret_that_is_missing_is_named_and_nothing_starts() {
    cluster.apply(
        manifest("{remove: [extra]}").replace("{name: target-db}", "{name: no-such-secret}"));

    Condition valid = cluster.awaitCondition(NAME, "SpecValid", "False");

    assertThat(valid.reason()).isEqualTo("SecretNotFound");
    assertThat(valid.message())
        .contains("spec.connections[1].jdbc.credentialsSecretRef", "no-such-secret");
    assertNothingStarted();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{remove: [extra]}      | refused.item | refused.nosuch | spec.stages[0].extract.tables[0]",
        "{filter: 'record.qty'} | | | spec.stages[1].transform.steps[0].filter",
        "{filter: 'record.nosuch > 1'} | | | spec.stages[1].transform.steps[0].filter",
        "{filter: 'record.qty >'} | | | spec.stages[1].transform.steps[0].filter",
        "{set: [{field: qty, to: record.label}]} | | | spec.stages[1].transform.steps[0].set[0].to",
        "{filter: 'true'}       | | | spec.stages[2].load",
      })
  void planning_names_the_path_of_what_does_not_fit_the_databases(
      String step, String part, String wrong, String path) {
    String manifest = manifest(step);
    cluster.apply(part == null ? manifest : manifest.replace(part, wrong));

    Condition planned = cluster.awaitCondition(NAME, "Planned", "False");

    assertThat(planned.message()).contains(path);
    assertNothingStarted();
  }

  private void assertNothingStarted() {
    assertThat(
            cluster
                .client
                .apps()
                .deployments()
                .inNamespace("default")
                .withLabel("drover.dev/migration", NAME)
                .list()
                .getItems())
        .isEmpty();
  }
}
