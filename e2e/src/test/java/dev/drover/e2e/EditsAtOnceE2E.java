package dev.drover.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.drover.api.v1alpha1.Migration;
import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Several people edit one running migration at the same moment, each a part of it. */
class EditsAtOnceE2E {
  private static final String NAME = "edits";
  private static final int ROWS = 200_000;

  private Cluster cluster;

  @BeforeEach
  void start() throws Exception {
    cluster = new Cluster();
    cluster.delete(NAME);
    Cluster.schemaInBoth("edits", "CREATE TABLE item (id int PRIMARY KEY, qty int, label text)");
    Cluster.schemaInBoth(
        "edits_copy", "CREATE TABLE item (id int PRIMARY KEY, qty int, label text)");
    Cluster.execute(
        "legacy",
        "INSERT INTO edits.item SELECT i, i, 'item ' || i FROM generate_series(1, %d) i"
            .formatted(ROWS),
        "ANALYZE edits.item");
  }

  @AfterEach
  void stop() {
    cluster.delete(NAME);
    cluster.close();
  }

  /** What one person, known to the API server by a name, wants of the migration. */
  private void edit(String person, String stages, String rest) {
    String patch =
        """
        apiVersion: drover.dev/v1alpha1
        kind: Migration
        metadata: {name: %s, namespace: default}
        spec:
          stages: %s
        %s
        """
            .formatted(NAME, stages, rest.indent(2));
    cluster
        .client
        .resources(Migration.class)
        .inNamespace("default")
        .withName(NAME)
        .patch(
            new PatchContext.Builder()
                .withPatchType(PatchType.SERVER_SIDE_APPLY)
                .withFieldManager(person)
                .withForce(true)
                .build(),
            patch);
  }

  @Test
  void all_take_effect_and_no_row_is_missed_or_comes_twice() throws Exception {
    cluster.apply(
        Manifest.chain(NAME, "edits.item", "{set: [{field: qty, to: record.qty + 1}]}")
            .replace(
                "    - name: clean\n",
                "    - name: clean\n      scale: {maxRecordsPerSecond: 8000}\n"));
    await()
        .atMost(Cluster.SOON)
        .until(
            () ->
                cluster.condition(NAME, "Ready").isPresent()
                    && cluster.status(NAME).stages().stream()
                        .anyMatch(s -> s.name().equals("load") && s.passedRecords() > 0));

    try (ExecutorService people = Executors.newFixedThreadPool(4)) {
      List<Future<?>> edits = new ArrayList<>();
      edits.add(
          people.submit(
              () ->
                  edit(
                      "ann",
                      "[{name: archive, from: clean, load: {connectionName: target, schema: edits_copy}}]",
                      "")));
      edits.add(
          people.submit(
              () ->
                  edit(
                      "bob",
                      "[{name: stamp, from: clean, transform: {steps: [{set: [{field: label, to: \"record.label + '!'\"}]}]}}, {name: load, from: stamp}]",
                      "")));
      edits.add(
          people.submit(
              () ->
                  edit(
                      "cid",
                      "[{name: clean, transform: {steps: [{set: [{field: qty, to: record.qty + 2}]}]}}]",
                      "")));
      edits.add(
          people.submit(
              () ->
                  edit(
                      "dan",
                      "[{name: load, scale: {maxReplicas: 2}}, {name: clean, scale: {maxRecordsPerSecond: 9000}}]",
                      "connections: [{name: target, maxConnections: 5}]")));
      for (Future<?> edit : edits) {
        edit.get();
      }
    }

    cluster.awaitCondition(NAME, "Completed", "True");
    cluster.awaitCondition(NAME, "Balanced", "True");
    assertThat(cluster.status(NAME).stages())
        .allSatisfy(s -> assertThat(s.failedRecords()).as(s.name()).isZero());
    assertThat(cluster.migration(NAME).getSpec().stages())
        .extracting(s -> s.name())
        .containsExactlyInAnyOrder("read", "clean", "load", "archive", "stamp");
    // Each row by the old rule or the new one, stamped or not, and once.
    assertThat(
            Cluster.query(
                "target",
                "SELECT concat_ws('|', count(*), count(DISTINCT id), count(*) FILTER (WHERE qty - id IN (1, 2)), count(*) FILTER (WHERE label IN ('item ' || id, 'item ' || id || '!'))) FROM edits.item"))
        .containsExactly(String.join("|", List.of("200000", "200000", "200000", "200000")));
    assertThat(
            Cluster.query(
                "target",
                "SELECT concat_ws('|', count(*) FILTER (WHERE qty = id + 2) > 0, count(*) FILTER (WHERE label LIKE '%!') > 0) FROM edits.item"))
        .as("both rules were in effect before the end")
        .containsExactly("t|t");
    // What the copy got is what its sibling got, by the same rule.
    assertThat(
            Cluster.query(
                "target",
                "SELECT count(*) FROM edits_copy.item c LEFT JOIN edits.item i USING (id, qty) WHERE i.id IS NULL"))
        .containsExactly("0");
    assertThat(Cluster.query("target", "SELECT count(*) > 0 FROM edits_copy.item"))
        .containsExactly("t");
  }
}
