package dev.drover.e2e;

import static org.awaitility.Awaitility.await;

import dev.drover.api.v1alpha1.Condition;
import dev.drover.api.v1alpha1.FailedRecord;
import dev.drover.api.v1alpha1.Migration;
import dev.drover.api.v1alpha1.MigrationStatus;
import io.fabric8.kubernetes.api.model.DeletionPropagation;
import io.fabric8.kubernetes.api.model.Event;
import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/** The development cluster, found by the environment that dev/.state/env sets. */
public final class Cluster implements AutoCloseable {
  public static final Duration SOON = Duration.ofMinutes(3);

  public final KubernetesClient client;
  private final String namespace;

  /** With the Migrations of namespace {@code default}. */
  public Cluster() throws Exception {
    this(
        new KubernetesClientBuilder()
            .withConfig(Config.fromKubeconfig(Files.readString(kubeconfig())))
            .build(),
        "default");
  }

  private Cluster(KubernetesClient client, String namespace) {
    this.client = client;
    this.namespace = namespace;
  }

  /** The same, with the Migrations of another namespace; closing either closes both. */
  Cluster in(String other) {
    return new Cluster(client, other);
  }

  public static Path kubeconfig() {
    return Path.of(environment("KUBECONFIG"));
  }

  private static String environment(String name) {
    String value = System.getenv(name);
    if (value == null) {
      throw new IllegalStateException(name + " is not set: run dev/up and source dev/.state/env");
    }
    return value;
  }

  /** {@code legacy} or {@code target}, from this machine. */
  public static Database database(String name) {
    URI url = URI.create(environment(name.equals("legacy") ? "LEGACY_URL" : "TARGET_URL"));
    String[] login = url.getUserInfo().split(":", 2);
    return new Database(
        "jdbc:postgresql://%s:%d%s?connectTimeout=10&socketTimeout=60"
            .formatted(url.getHost(), url.getPort(), url.getPath()),
        login[0],
        login[1]);
  }

  static void execute(String database, String... statements) throws SQLException {
    database(database).execute(statements);
  }

  /** Makes a schema anew in both databases and the same tables in each. */
  static void schemaInBoth(String schema, String... tables) throws SQLException {
    for (String database : List.of("legacy", "target")) {
      execute(
          database,
          "DROP SCHEMA IF EXISTS " + schema + " CASCADE",
          "CREATE SCHEMA " + schema,
          "SET search_path = " + schema + "; " + String.join("; ", tables));
    }
  }

  /** The first column of a query's rows. */
  static List<String> query(String database, String sql) throws SQLException {
    return database(database).query(sql);
  }

  /** A hash over all rows of a table, or of a query in parentheses, whatever their order. */
  static String checksum(String database, String table) throws SQLException {
    return database(database).checksum(table);
  }

  public Migration apply(String yaml) {
    return client.resource(yaml(yaml)).inNamespace(namespace).serverSideApply();
  }

  private Migration yaml(String yaml) {
    return client.getKubernetesSerialization().unmarshal(yaml, Migration.class);
  }

  public Migration migration(String name) {
    return client.resources(Migration.class).inNamespace(namespace).withName(name).get();
  }

  public MigrationStatus status(String name) {
    return Optional.ofNullable(migration(name))
        .map(Migration::getStatus)
        .orElseThrow(() -> new IllegalStateException("no status of " + name + " yet"));
  }

  public Optional<Condition> condition(String name, String type) {
    Migration migration = migration(name);
    if (migration == null || migration.getStatus() == null) {
      return Optional.empty();
    }
    return migration.getStatus().conditions().stream()
        .filter(c -> c.type().equals(type))
        .findFirst();
  }

  /** Waits for a condition and returns it; a failure shows all conditions. */
  public Condition awaitCondition(String name, String type, String status) {
    await(name + ": " + type + "=" + status)
        .atMost(SOON)
        .pollInterval(Duration.ofMillis(500))
        .conditionEvaluationListener(null)
        .untilAsserted(
            () ->
                org.assertj.core.api.Assertions.assertThat(
                        condition(name, type).map(Condition::status))
                    .as(
                        () ->
                            migration(name) == null
                                ? "gone"
                                : String.valueOf(migration(name).getStatus()))
                    .contains(status));
    return condition(name, type).orElseThrow();
  }

  List<FailedRecord> failedRecords(String migration) {
    return client
        .resources(FailedRecord.class)
        .inNamespace(namespace)
        .withLabel("drover.dev/migration", migration)
        .list()
        .getItems();
  }

  FailedRecord failedRecord(String name) {
    return client.resources(FailedRecord.class).inNamespace(namespace).withName(name).get();
  }

  /** Messages of a Migration's events of one reason. */
  List<String> events(String name, String reason) {
    return client.v1().events().inNamespace(namespace).list().getItems().stream()
        .filter(e -> name.equals(e.getInvolvedObject().getName()) && reason.equals(e.getReason()))
        .map(Event::getMessage)
        .toList();
  }

  /** A JSON merge patch, as {@code kubectl patch --type merge} sends it. */
  void patch(FailedRecord record, String json) {
    client
        .resources(FailedRecord.class)
        .inNamespace(namespace)
        .withName(record.getMetadata().getName())
        .patch(
            io.fabric8.kubernetes.client.dsl.base.PatchContext.of(
                io.fabric8.kubernetes.client.dsl.base.PatchType.JSON_MERGE),
            json);
  }

  public void patchMigration(String name, String json) {
    client
        .resources(Migration.class)
        .inNamespace(namespace)
        .withName(name)
        .patch(
            io.fabric8.kubernetes.client.dsl.base.PatchContext.of(
                io.fabric8.kubernetes.client.dsl.base.PatchType.JSON_MERGE),
            json);
  }

  public void delete(String name) {
    client
        .resources(Migration.class)
        .inNamespace(namespace)
        .withName(name)
        .withPropagationPolicy(DeletionPropagation.BACKGROUND)
        .delete();
    await().atMost(SOON).until(() -> migration(name) == null);
  }

  /** Deletes every Migration of the namespace, which need not exist. */
  void deleteAll() {
    client
        .resources(Migration.class)
        .inNamespace(namespace)
        .list()
        .getItems()
        .forEach(m -> delete(m.getMetadata().getName()));
  }

  /** What each stage's Deployment makes pods of: the same as long as the stage is not rolled. */
  Map<String, String> podTemplates(String migration) {
    return client
        .apps()
        .deployments()
        .inNamespace(namespace)
        .withLabel("drover.dev/migration", migration)
        .list()
        .getItems()
        .stream()
        .collect(
            Collectors.toMap(
                d -> d.getMetadata().getLabels().get("drover.dev/stage"),
                d -> d.getSpec().getTemplate().toString()));
  }

  /** Kills a stage's pods as a crash would: no grace, no goodbye. */
  void killPods(String migration, String stage) {
    client
        .pods()
        .inNamespace(namespace)
        .withLabel("drover.dev/migration", migration)
        .withLabel("drover.dev/stage", stage)
        .withGracePeriod(0)
        .delete();
  }

  void scaleStatefulSet(String namespace, String name, int replicas) {
    client.apps().statefulSets().inNamespace(namespace).withName(name).scale(replicas);
    await()
        .atMost(SOON)
        .until(
            () -> {
              Integer ready =
                  client
                      .apps()
                      .statefulSets()
                      .inNamespace(namespace)
                      .withName(name)
                      .get()
                      .getStatus()
                      .getReadyReplicas();
              return (ready == null ? 0 : ready) == replicas;
            });
  }

  @Override
  public void close() {
    client.close();
  }
}
