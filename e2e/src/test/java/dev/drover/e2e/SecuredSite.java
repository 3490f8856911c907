package dev.drover.e2e;

import static org.awaitility.Awaitility.await;

import dev.drover.wire.nats.OperatorMode;
import io.fabric8.kubernetes.api.model.NamespaceBuilder;
import io.fabric8.kubernetes.api.model.SecretBuilder;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.TimeUnit;

/**
 * A second installation on the cluster, shut against everybody without keys: two replicas of the
 * operator from the chart, a NATS server with TLS that trusts an operator of its own, two databases
 * with TLS, and the two namespaces that it serves. The first installation ignores those, see
 * dev/manifests/values.yaml. All of it is gone after {@link #close}.
 */
final class SecuredSite implements AutoCloseable {
  static final String SYSTEM = "secured-system";
  static final String RELEASE = "secured-drover";
  static final List<String> NAMESPACES = List.of("secured-shop", "secured-crm");

  private static final Path ROOT = Path.of(System.getProperty("drover.root"));
  private static final String USER = "drover";
  private static final String PASSWORD = "only-over-tls";

  private final Cluster cluster;
  private final Path folder;
  private final Installation images;
  private final Authority databases;

  /** Installs it, after removing what an interrupted run may have left. */
  SecuredSite(Cluster cluster, Path folder) throws Exception {
    this.cluster = cluster;
    this.folder = folder;
    images = Installation.of(cluster.client);
    databases = authority("databases");
    remove();
    namespace(SYSTEM);
    secret(SYSTEM, "database", Map.of("username", USER, "password", PASSWORD));
    nats();
    database("legacy");
    database("target");
    for (String namespace : NAMESPACES) {
      namespace(namespace);
      secret(namespace, "database", Map.of("username", USER, "password", PASSWORD));
      secret(namespace, "database-ca", Map.of("ca.crt", databases.certificate()));
      secret(namespace, "strangers-ca", Map.of("ca.crt", authority("strangers").certificate()));
    }
    for (String server : List.of("nats", "legacy", "target")) {
      ready(server);
    }
    helm(
        "install",
        RELEASE,
        ROOT.resolve("helm/drover").toString(),
        "--skip-crds",
        "--wait",
        "--timeout=3m",
        "--set=replicas=2",
        "--set=watchNamespaces={" + String.join(",", NAMESPACES) + "}",
        "--set=nats.url=tls://nats." + SYSTEM + ".svc:4222",
        "--set=nats.credentialsSecret.name=nats-credentials",
        "--set=nats.caSecret.name=nats-ca",
        "--set=image.operator=" + images.operator(),
        "--set=image.worker=" + images.worker());
  }

  /** {@code legacy} or {@code target}, over TLS; this machine reaches services by address. */
  Database reach(String name) throws IOException {
    return new Database(
        "jdbc:postgresql://%s:5432/shop?sslmode=verify-ca&sslrootcert=%s"
            .formatted(
                cluster
                    .client
                    .services()
                    .inNamespace(SYSTEM)
                    .withName(name)
                    .get()
                    .getSpec()
                    .getClusterIP(),
                Files.writeString(folder.resolve(name + "-ca.crt"), databases.certificate())),
        USER,
        PASSWORD);
  }

  /** A manifest of a Migration between the two databases, for one of the namespaces. */
  static String migration(String name, String mode, String schema, String sourceCa)
      throws IOException {
    return manifest(
        "secured-migration.yaml",
        Map.of("NAME", name, "MODE", mode, "SCHEMA", schema, "CA", sourceCa, "SYSTEM", SYSTEM));
  }

  private void nats() throws Exception {
    Authority authority = authority("nats");
    Authority.Issued server = authority.issue("nats." + SYSTEM + ".svc");
    OperatorMode secured = OperatorMode.in(folder);
    secret(
        SYSTEM,
        "nats-server",
        Map.of(
            "server.crt",
            server.certificate(),
            "server.key",
            server.key(),
            "nats.conf",
            """
            port: 4222
            http_port: 8222
            jetstream { store_dir: /data, max_file_store: 10GB }
            tls { cert_file: /etc/nats/server.crt, key_file: /etc/nats/server.key }
            %s
            """
                .formatted(secured.config())));
    secret(SYSTEM, "nats-ca", Map.of("ca.crt", authority.certificate()));
    secret(
        SYSTEM, "nats-credentials", Map.of("nats.creds", Files.readString(secured.credentials())));
    apply("secured-nats.yaml", Map.of("NATS_IMAGE", images.nats()));
  }

  private void database(String name) throws Exception {
    Authority.Issued server = databases.issue(name + "." + SYSTEM + ".svc");
    secret(
        SYSTEM,
        name + "-tls",
        Map.of("server.crt", server.certificate(), "server.key", server.key()));
    apply("secured-database.yaml", Map.of("NAME", name, "POSTGRES_IMAGE", images.postgres()));
  }

  private Authority authority(String name) throws Exception {
    return new Authority(Files.createDirectories(folder.resolve(name)));
  }

  private void ready(String deployment) {
    cluster
        .client
        .apps()
        .deployments()
        .inNamespace(SYSTEM)
        .withName(deployment)
        .waitUntilReady(Cluster.SOON.toSeconds(), TimeUnit.SECONDS);
  }

  private void namespace(String name) {
    cluster
        .client
        .resource(new NamespaceBuilder().withNewMetadata().withName(name).endMetadata().build())
        .create();
  }

  private void secret(String namespace, String name, Map<String, String> content) {
    cluster
        .client
        .resource(
            new SecretBuilder()
                .withNewMetadata()
                .withName(name)
                .withNamespace(namespace)
                .endMetadata()
                .withStringData(content)
                .build())
        .create();
  }

  private void apply(String file, Map<String, String> values) throws IOException {
    cluster
        .client
        .load(new ByteArrayInputStream(manifest(file, values).getBytes(StandardCharsets.UTF_8)))
        .inNamespace(SYSTEM)
        .create();
  }

  private static String manifest(String file, Map<String, String> values) throws IOException {
    try (InputStream in = Objects.requireNonNull(SecuredSite.class.getResourceAsStream(file))) {
      String text = new String(in.readAllBytes(), StandardCharsets.UTF_8);
      for (Map.Entry<String, String> value : values.entrySet()) {
        text = text.replace("${" + value.getKey() + "}", value.getValue());
      }
      return text;
    }
  }

  private static String helm(String... arguments) throws IOException, InterruptedException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("drover.bin"), "helm").toString());
    command.add("--kubeconfig=" + Cluster.kubeconfig());
    command.add("--namespace=" + SYSTEM);
    command.addAll(List.of(arguments));
    return Commands.run(command);
  }

  /** Migrations first: their operator removes their queues, and then goes itself. */
  private void remove() throws IOException, InterruptedException {
    for (String namespace : NAMESPACES) {
      cluster.in(namespace).deleteAll();
    }
    helm("uninstall", RELEASE, "--ignore-not-found", "--wait");
    List<String> namespaces = new ArrayList<>(NAMESPACES);
    namespaces.add(SYSTEM);
    namespaces.forEach(n -> cluster.client.namespaces().withName(n).delete());
    await()
        .atMost(Cluster.SOON)
        .until(
            () ->
                namespaces.stream()
                    .allMatch(n -> cluster.client.namespaces().withName(n).get() == null));
  }

  @Override
  public void close() throws IOException, InterruptedException {
    remove();
  }
}
