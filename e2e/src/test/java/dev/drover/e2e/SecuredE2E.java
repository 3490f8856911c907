package dev.drover.e2e;

import static dev.drover.e2e.SecuredSite.NAMESPACES;
import static dev.drover.e2e.SecuredSite.RELEASE;
import static dev.drover.e2e.SecuredSite.SYSTEM;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.drover.api.v1alpha1.Condition;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.kubernetes.api.model.rbac.ClusterRole;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Where keys are needed everywhere: NATS by TLS and a credentials file, the databases by TLS with
 * names verified, from a second installation of the chart whose leading operator dies.
 */
class SecuredE2E {
  /** In each of the namespaces; the chains must keep apart what is called the same. */
  private static final String NAME = "orders";

  private static final int ITEMS = 30_000;

  @TempDir static Path folder;
  private static Cluster cluster;
  private static SecuredSite site;
  private static Database legacy;
  private static Database target;

  @BeforeAll
  static void install() throws Exception {
    cluster = new Cluster();
    site = new SecuredSite(cluster, folder);
    legacy = site.reach("legacy");
    target = site.reach("target");
    for (Database database : List.of(legacy, target)) {
      noteSessions(database);
    }
  }

  @AfterAll
  static void remove() throws Exception {
    if (site != null) {
      site.close();
    }
    cluster.close();
  }

  @Test
  void two_namespaces_are_migrated_over_tls_though_the_leading_operator_dies() throws Exception {
    tables();
    Gate shop = new Gate(target, schema("secured-shop") + ".item", "id", ITEMS / 2);
    Gate crm = new Gate(target, schema("secured-crm") + ".item", "id", ITEMS / 2);
    for (String namespace : NAMESPACES) {
      cluster
          .in(namespace)
          .apply(SecuredSite.migration(NAME, "Run", schema(namespace), "database-ca"));
    }
    for (Gate gate : List.of(shop, crm)) {
      await().atMost(Cluster.SOON).until(gate::isReached);
    }
    Pod leader = pod(leader());
    assertThat(operators()).as("the leader and its deputy").hasSize(2);
    assertThat(PodProcesses.kill(leader))
        .as("processes of the leader that were killed")
        .isPositive();
    cluster.client.resource(leader).withGracePeriod(0).delete();
    // Its deputy, or whoever came to replace it.
    await("another leads")
        .atMost(Cluster.SOON)
        .untilAsserted(() -> assertThat(leader()).isNotBlank().isNotEqualTo(name(leader)));
    shop.open();
    crm.open();

    for (String namespace : NAMESPACES) {
      Condition completed = cluster.in(namespace).awaitCondition(NAME, "Completed", "True");
      assertThat(completed.reason()).isEqualTo("AllLoaded");
      assertThat(cluster.in(namespace).awaitCondition(NAME, "Balanced", "True").status())
          .isEqualTo("True");
      assertEachRowOnce(schema(namespace));
      assertThat(cluster.in(namespace).status(NAME).progress().extractedRecords())
          .isEqualTo(3 * ITEMS);
    }
    assertEverySessionUsedTls(legacy, "plan", "read");
    assertEverySessionUsedTls(target, "plan", "load");
    assertNobodyElseServed();
  }

  @Test
  void a_server_that_another_authority_vouches_for_is_refused_in_planning() throws Exception {
    Cluster shop = cluster.in("secured-shop");
    legacy.execute(
        "CREATE SCHEMA lone", "CREATE TABLE lone.item (id bigint PRIMARY KEY, label text)");
    target.execute(
        "CREATE SCHEMA lone", "CREATE TABLE lone.item (id bigint PRIMARY KEY, label text)");
    shop.apply(SecuredSite.migration("stranger", "PlanOnly", "lone", "strangers-ca"));

    await()
        .atMost(Cluster.SOON)
        .untilAsserted(
            () ->
                assertThat(shop.condition("stranger", "Planned").map(Condition::message))
                    .hasValueSatisfying(m -> assertThat(m).contains("legacy", "certificat")));
    shop.delete("stranger");
  }

  private static String schema(String namespace) {
    return namespace.replace('-', '_');
  }

  /** Lines are read once all items are loaded: by then another operator dispatches. */
  private static void tables() throws SQLException {
    for (String namespace : NAMESPACES) {
      String schema = schema(namespace);
      for (Database database : List.of(legacy, target)) {
        database.execute(
            "CREATE SCHEMA " + schema,
            "CREATE TABLE %s.item (id bigint PRIMARY KEY, label text)".formatted(schema),
            "CREATE TABLE %1$s.line (id bigint PRIMARY KEY, item bigint REFERENCES %1$s.item)"
                .formatted(schema));
      }
      legacy.execute(
          "INSERT INTO %s.item SELECT i, '%1$s ' || i FROM generate_series(1, %d) i"
              .formatted(schema, ITEMS),
          "INSERT INTO %s.line SELECT i, 1 + i / 2 FROM generate_series(0, %d) i"
              .formatted(schema, 2 * ITEMS - 1),
          "ANALYZE");
    }
  }

  private static void assertEachRowOnce(String schema) throws SQLException {
    assertThat(target.checksum(schema + ".item"))
        .isEqualTo(
            legacy.checksum("(SELECT id, upper(label) AS label FROM %s.item)".formatted(schema)));
    assertThat(target.checksum(schema + ".line")).isEqualTo(legacy.checksum(schema + ".line"));
  }

  /** The server itself notes of each session, as it begins, what pg_stat_ssl says of it. */
  private static void noteSessions(Database database) throws SQLException {
    database.execute(
        "CREATE SCHEMA audit",
        "CREATE TABLE audit.session (application text, ssl boolean, version text)",
        """
        CREATE FUNCTION audit.note() RETURNS event_trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
        BEGIN
          INSERT INTO audit.session
          SELECT a.application_name, s.ssl, s.version
          FROM pg_stat_ssl s JOIN pg_stat_activity a USING (pid) WHERE pid = pg_backend_pid();
        END $$
        """,
        "CREATE EVENT TRIGGER note ON login EXECUTE FUNCTION audit.note()");
  }

  private static void assertEverySessionUsedTls(Database database, String... tasks)
      throws SQLException {
    // Without the slot that a session has, between the Migration's name and the stage's.
    assertThat(
            database.query(
                "SELECT DISTINCT regexp_replace(application, '/[0-9a-f]+\\.[0-9]+/', '/')"
                    + " FROM audit.session WHERE ssl"))
        .as("sessions with TLS")
        .contains(
            java.util.stream.Stream.of(tasks)
                .map(t -> "drover/" + NAME + "/" + t)
                .toArray(String[]::new));
    assertThat(database.query("SELECT application FROM audit.session WHERE NOT ssl"))
        .as("sessions without")
        .isEmpty();
  }

  /** The first installation neither ran workers here, over its own NATS, nor got rights of this. */
  private static void assertNobodyElseServed() {
    for (String namespace : NAMESPACES) {
      List<Deployment> stages =
          cluster.client.apps().deployments().inNamespace(namespace).list().getItems();
      assertThat(stages).hasSize(3);
      assertThat(stages)
          .allSatisfy(
              d ->
                  assertThat(
                          d.getSpec().getTemplate().getSpec().getContainers().getFirst().getEnv())
                      .anySatisfy(
                          e -> {
                            assertThat(e.getName()).isEqualTo("NATS_URL");
                            assertThat(e.getValue())
                                .isEqualTo("tls://nats." + SYSTEM + ".svc:4222");
                          }));
      assertThat(
              cluster
                  .client
                  .batch()
                  .v1()
                  .jobs()
                  .inNamespace(namespace)
                  .withLabel("drover.dev/migration", NAME)
                  .list()
                  .getItems())
          .as("plan Jobs")
          .hasSize(1);
    }
    assertThat(
            cluster
                .client
                .resources(ClusterRole.class)
                .withLabel("app.kubernetes.io/instance", RELEASE)
                .list()
                .getItems())
        .as("rights beyond the namespaces that are served")
        .isEmpty();
  }

  private static String leader() {
    return Optional.ofNullable(cluster.client.leases().inNamespace(SYSTEM).withName(RELEASE).get())
        .map(l -> l.getSpec().getHolderIdentity())
        .orElse("");
  }

  private static Pod pod(String name) {
    return cluster.client.pods().inNamespace(SYSTEM).withName(name).get();
  }

  private static List<Pod> operators() {
    return cluster
        .client
        .pods()
        .inNamespace(SYSTEM)
        .withLabel("app.kubernetes.io/name", "drover-operator")
        .list()
        .getItems();
  }

  private static String name(Pod pod) {
    return pod.getMetadata().getName();
  }
}
