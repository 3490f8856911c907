package dev.drover.cli.cluster;

import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import dev.drover.api.v1alpha1.FailedRecord;
import dev.drover.api.v1alpha1.FailedRecordSpec;
import dev.drover.api.v1alpha1.Migration;
import dev.drover.api.v1alpha1.Redrive;
import dev.drover.api.v1alpha1.RedriveSpec;
import dev.drover.cli.cluster.Attempted.Role;
import dev.drover.cli.outcome.CommandFailedException;
import dev.drover.cli.outcome.ExitCode;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;
import io.fabric8.kubernetes.client.utils.KubernetesSerialization;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Drover's resources in one namespace of one cluster. Every method throws {@link
 * CommandFailedException} when the API server cannot be reached or refuses.
 */
public final class Cluster implements AutoCloseable {
  private static final String MIGRATIONS = "migrations";
  private static final String FAILED_RECORDS = "failedrecords";
  private static final String REDRIVES = "redrives";

  /** Who wrote spec, for the history of a record where no admission policy notes the user. */
  private static final String FIELD_MANAGER = "kubectl-drover";

  private static final String MIGRATION_LABEL = "drover.dev/migration";

  private final KubernetesClient client;
  private final String namespace;
  private final String server;

  private Cluster(KubernetesClient client, String namespace, String server) {
    this.client = client;
    this.namespace = namespace;
    this.server = server;
  }

  /** The cluster that these options name; nothing is asked of it yet. */
  public static Cluster of(Access access) {
    Config config = access.config();
    // CRDs are upgraded before this program: a field that it does not know must not blind it.
    ObjectMapper mapper =
        new ObjectMapper().disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES);
    return new Cluster(
        new KubernetesClientBuilder()
            .withConfig(config)
            .withKubernetesSerialization(new KubernetesSerialization(mapper, false))
            .build(),
        config.getNamespace(),
        config.getMasterUrl());
  }

  /** The namespace. */
  public String namespace() {
    return namespace;
  }

  /** All Migrations by name; of all namespaces if that is wanted. */
  public List<Migration> migrations(boolean everywhere) {
    Attempted asked = Attempted.view("list", MIGRATIONS, null);
    return call(
            asked,
            () ->
                everywhere
                    ? client.resources(Migration.class).inAnyNamespace().list().getItems()
                    : client.resources(Migration.class).inNamespace(namespace).list().getItems())
        .stream()
        .sorted(
            Comparator.comparing((Migration m) -> m.getMetadata().getNamespace())
                .thenComparing(m -> m.getMetadata().getName()))
        .toList();
  }

  /** A Migration; an unknown name is answered with those that there are. */
  public Migration migration(String name) {
    Migration found =
        call(
            Attempted.view("get", MIGRATIONS, name),
            () -> client.resources(Migration.class).inNamespace(namespace).withName(name).get());
    if (found != null) {
      return found;
    }
    List<String> names = migrations(false).stream().map(m -> m.getMetadata().getName()).toList();
    throw new CommandFailedException(
        ExitCode.NotFound,
        "there is no Migration %s in namespace %s".formatted(name, namespace),
        names.isEmpty()
            ? "there is none there at all: check -n; see kubectl drover status -A"
            : "use one of " + String.join(", ", names) + ", or another namespace with -n");
  }

  /** A failed record's resource; empty if there is none of that name. */
  public Optional<FailedRecord> findFailedRecord(String name) {
    return Optional.ofNullable(
        call(
            Attempted.view("get", FAILED_RECORDS, name),
            () ->
                client.resources(FailedRecord.class).inNamespace(namespace).withName(name).get()));
  }

  /** A failed record's resource. */
  public FailedRecord failedRecord(String name) {
    return findFailedRecord(name)
        .orElseThrow(
            () ->
                new CommandFailedException(
                    ExitCode.NotFound,
                    "there is no FailedRecord %s in namespace %s".formatted(name, namespace),
                    "see kubectl drover failures MIGRATION CAUSE; the resource of a record that is"
                        + " resolved goes after a while"));
  }

  /** The failed records of a Migration that are shown as resources. */
  public List<FailedRecord> failedRecords(String migration) {
    return call(
        Attempted.view("list", FAILED_RECORDS, null),
        () ->
            client
                .resources(FailedRecord.class)
                .inNamespace(namespace)
                .withLabels(Map.of(MIGRATION_LABEL, migration))
                .list()
                .getItems());
  }

  /** Changes a failed record's resource by a JSON patch, and returns it as it is then. */
  public FailedRecord patch(String name, ArrayNode patch, FailedRecordSpec.Action action) {
    Role role = action == FailedRecordSpec.Action.Waive ? Role.Waive : Role.Correct;
    return call(
        new Attempted("patch", FAILED_RECORDS, name, role),
        () ->
            client
                .resources(FailedRecord.class)
                .inNamespace(namespace)
                .withName(name)
                .patch(
                    new PatchContext.Builder()
                        .withPatchType(PatchType.JSON)
                        .withFieldManager(FIELD_MANAGER)
                        .build(),
                    patch.toString()));
  }

  /** Makes a Redrive, and returns it with its name. */
  public Redrive create(Redrive redrive) {
    redrive.getMetadata().setNamespace(namespace);
    return call(
        new Attempted("create", REDRIVES, null, role(redrive)),
        () -> client.resource(redrive).create());
  }

  /** A Redrive; null if it is gone. */
  public @Nullable Redrive redrive(String name) {
    return call(
        Attempted.view("get", REDRIVES, name),
        () -> client.resources(Redrive.class).inNamespace(namespace).withName(name).get());
  }

  /** Removes a Redrive that is done. */
  public void delete(Redrive redrive) {
    call(
        new Attempted("delete", REDRIVES, redrive.getMetadata().getName(), role(redrive)),
        () -> client.resource((HasMetadata) redrive).delete());
  }

  private static Role role(Redrive redrive) {
    return redrive.getSpec().action() == RedriveSpec.Action.Waive ? Role.Waive : Role.Correct;
  }

  private <T extends @Nullable Object> T call(Attempted asked, Supplier<T> request) {
    try {
      return request.get();
    } catch (KubernetesClientException e) {
      throw Refusals.of(e, asked, namespace, server);
    }
  }

  @Override
  public void close() {
    client.close();
  }
}
