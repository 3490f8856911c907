package dev.drover.operator.workload;

import dev.drover.api.v1alpha1.Connection;
import dev.drover.api.v1alpha1.HttpLookup;
import dev.drover.api.v1alpha1.Migration;
import dev.drover.api.v1alpha1.Stage;
import dev.drover.wire.plan.HttpFiles;
import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.ContainerBuilder;
import io.fabric8.kubernetes.api.model.EnvVar;
import io.fabric8.kubernetes.api.model.EnvVarBuilder;
import io.fabric8.kubernetes.api.model.LocalObjectReference;
import io.fabric8.kubernetes.api.model.PodSpec;
import io.fabric8.kubernetes.api.model.PodSpecBuilder;
import io.fabric8.kubernetes.api.model.Volume;
import io.fabric8.kubernetes.api.model.VolumeMount;
import io.fabric8.kubernetes.api.model.VolumeMountBuilder;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * The shape of every pod that runs the worker image, in one place. It meets the Pod Security
 * Standard "restricted", has no service account token, writes to nothing but {@code /tmp}, and sees
 * the secrets of those connections and lookups alone that it uses.
 */
final class WorkerPod {
  static final int METRICS_PORT = 8080;
  private static final long NOBODY = 65532;

  private final WorkloadSettings settings;

  WorkerPod(WorkloadSettings settings) {
    this.settings = settings;
  }

  /**
   * The pod of a task.
   *
   * @param restartPolicy Always for a stage, OnFailure for the plan Job
   * @param task what the container does
   */
  PodSpec of(Migration migration, String restartPolicy, Task task) {
    PodSpecBuilder pod =
        new PodSpecBuilder()
            .withRestartPolicy(restartPolicy)
            .withTerminationGracePeriodSeconds(settings.gracePeriod().toSeconds())
            .withAutomountServiceAccountToken(false)
            .withEnableServiceLinks(false)
            .withNewSecurityContext()
            .withRunAsNonRoot(true)
            .withRunAsUser(NOBODY)
            .withRunAsGroup(NOBODY)
            .withFsGroup(NOBODY)
            .withNewSeccompProfile()
            .withType("RuntimeDefault")
            .endSeccompProfile()
            .endSecurityContext()
            .withContainers(container(migration, task))
            .withVolumes(volumes(migration, task));
    if (!settings.imagePullSecrets().isEmpty()) {
      pod.withImagePullSecrets(
          settings.imagePullSecrets().stream().map(LocalObjectReference::new).toList());
    }
    return pod.build();
  }

  /** Annotations by which Prometheus' usual pod discovery finds the worker's metrics. */
  static Map<String, String> scrapeAnnotations() {
    Map<String, String> annotations = new LinkedHashMap<>();
    annotations.put("prometheus.io/scrape", "true");
    annotations.put("prometheus.io/port", Integer.toString(METRICS_PORT));
    annotations.put("prometheus.io/path", "/metrics");
    return annotations;
  }

  private Container container(Migration migration, Task task) {
    ContainerBuilder container =
        new ContainerBuilder()
            .withName("worker")
            .withImage(settings.image())
            .withImagePullPolicy(settings.imagePullPolicy())
            .withArgs(task.command())
            .withEnv(environment(migration, task))
            .withResources(settings.resources())
            .addNewPort()
            .withName("metrics")
            .withContainerPort(METRICS_PORT)
            .withProtocol("TCP")
            .endPort()
            .withNewSecurityContext()
            .withAllowPrivilegeEscalation(false)
            .withReadOnlyRootFilesystem(true)
            .withNewCapabilities()
            .withDrop("ALL")
            .endCapabilities()
            .endSecurityContext()
            .withTerminationMessagePolicy("FallbackToLogsOnError")
            .withVolumeMounts(mounts(task));
    return task.probed() ? WorkerProbes.addTo(container).build() : container.build();
  }

  private List<EnvVar> environment(Migration migration, Task task) {
    Map<String, String> env = new LinkedHashMap<>();
    env.put("DROVER_NAMESPACE", migration.getMetadata().getNamespace());
    env.put("DROVER_MIGRATION", migration.getMetadata().getName());
    env.put("DROVER_UID", migration.getMetadata().getUid());
    env.putAll(task.environment());
    env.put("DROVER_GRACE_SECONDS", Long.toString(settings.gracePeriod().toSeconds()));
    env.put("NATS_URL", settings.natsUrl());
    if (settings.natsCredentials()) {
      env.put("NATS_CREDS_FILE", PodVolumes.NATS_FOLDER + "/" + NatsSecret.CREDENTIALS_KEY);
    }
    if (settings.natsCa()) {
      env.put("NATS_CA_FILE", PodVolumes.NATS_FOLDER + "/" + NatsSecret.CA_KEY);
    }
    env.put("JAVA_TOOL_OPTIONS", settings.javaOptions());
    List<EnvVar> vars = new ArrayList<>();
    env.forEach((k, v) -> vars.add(new EnvVarBuilder().withName(k).withValue(v).build()));
    return vars;
  }

  private List<Volume> volumes(Migration migration, Task task) {
    List<Volume> volumes = new ArrayList<>();
    volumes.add(PodVolumes.tmp());
    task.connections().forEach(c -> volumes.add(PodVolumes.connection(c)));
    for (Stage stage : task.lookups()) {
      volumes.add(PodVolumes.lookup(stage, http(stage)));
    }
    if (settings.natsSecretNeeded()) {
      volumes.add(PodVolumes.nats(WorkloadNames.natsSecret(migration)));
    }
    return volumes;
  }

  private List<VolumeMount> mounts(Task task) {
    List<VolumeMount> mounts = new ArrayList<>();
    mounts.add(new VolumeMountBuilder().withName("tmp").withMountPath("/tmp").build());
    for (Connection c : task.connections()) {
      mounts.add(
          readOnly(PodVolumes.connectionName(c), PodVolumes.CONNECTIONS_FOLDER + "/" + c.name()));
    }
    for (Stage stage : task.lookups()) {
      mounts.add(
          readOnly(
              PodVolumes.lookupName(stage),
              PodVolumes.CONNECTIONS_FOLDER + "/" + HttpFiles.folderName(stage.name())));
    }
    if (settings.natsSecretNeeded()) {
      mounts.add(readOnly("nats", PodVolumes.NATS_FOLDER));
    }
    return mounts;
  }

  private static VolumeMount readOnly(String name, String path) {
    return new VolumeMountBuilder().withName(name).withMountPath(path).withReadOnly(true).build();
  }

  private static boolean hasSecrets(Stage stage) {
    return stage.enrich() != null
        && stage.enrich().http() != null
        && (stage.enrich().http().caSecretRef() != null
            || stage.enrich().http().headers().stream().anyMatch(h -> h.valueFrom() != null));
  }

  private static HttpLookup http(Stage stage) {
    return Objects.requireNonNull(Objects.requireNonNull(stage.enrich()).http());
  }

  /**
   * What a pod is for.
   *
   * @param command the worker's argument: plan, run or redrive
   * @param environment variables beyond those that every pod gets
   * @param connections the connections whose secrets it may see
   * @param lookups the stages whose HTTP lookup's secrets it may see
   * @param probed whether the kubelet asks for its health; a Job ends by itself
   */
  record Task(
      String command,
      Map<String, String> environment,
      List<Connection> connections,
      List<Stage> lookups,
      boolean probed) {
    Task {
      lookups = lookups.stream().filter(WorkerPod::hasSecrets).toList();
      environment = java.util.Collections.unmodifiableMap(new LinkedHashMap<>(environment));
      connections = List.copyOf(connections);
    }

    /** A task that asks no server. */
    Task(
        String command,
        Map<String, String> environment,
        List<Connection> connections,
        boolean probed) {
      this(command, environment, connections, List.of(), probed);
    }
  }
}
