package dev.drover.operator.redrive;

import dev.drover.api.v1alpha1.FailedRecord;
import dev.drover.api.v1alpha1.Migration;
import dev.drover.api.v1alpha1.MigrationStatus;
import dev.drover.api.v1alpha1.Redrive;
import dev.drover.api.v1alpha1.RedriveStatus;
import dev.drover.api.v1alpha1.StartAt;
import dev.drover.operator.backfill.PrivatePaths;
import dev.drover.operator.chain.ChainRef;
import dev.drover.operator.chain.ChainUnavailableException;
import dev.drover.operator.chain.NatsLink;
import dev.drover.operator.desk.Requester;
import dev.drover.operator.privacy.Redaction;
import dev.drover.operator.status.Halts;
import dev.drover.operator.workload.JobPods;
import dev.drover.operator.workload.RedriveJob;
import dev.drover.operator.workload.WorkloadLabels;
import dev.drover.operator.workload.Workloads;
import dev.drover.wire.replay.RedriveOrder;
import dev.drover.wire.replay.RedriveProgress;
import dev.drover.wire.state.StateStore;
import dev.drover.wire.state.WireJson;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import io.fabric8.kubernetes.api.model.OwnerReference;
import io.fabric8.kubernetes.api.model.OwnerReferenceBuilder;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.javaoperatorsdk.operator.api.reconciler.Context;
import io.javaoperatorsdk.operator.api.reconciler.Reconciler;
import io.javaoperatorsdk.operator.api.reconciler.UpdateControl;
import io.nats.client.api.KeyValueEntry;
import java.net.HttpURLConnection;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Reconciles Redrives: writes what one asks into the state bucket, keeps a Job of the worker image
 * at it until it is done, and tells what the worker tells. Thread-safe.
 */
public final class RedriveReconciler implements Reconciler<Redrive> {
  private static final Duration SOON = Duration.ofSeconds(1);
  private static final Duration LATER = Duration.ofSeconds(5);

  private final NatsLink link;
  private final KubernetesClient client;
  private final Workloads workloads;
  private final RedriveJob jobs;
  private final JobPods pods;
  private final Requester requester;
  private final InstantSource clock;

  /** A reconciler over the operator's connections. */
  public RedriveReconciler(
      NatsLink link,
      KubernetesClient client,
      Workloads workloads,
      RedriveJob jobs,
      Requester requester,
      InstantSource clock) {
    this.link = link;
    this.client = client;
    this.workloads = workloads;
    this.jobs = jobs;
    this.pods = new JobPods(client);
    this.requester = requester;
    this.clock = clock;
  }

  @Override
  public UpdateControl<Redrive> reconcile(Redrive redrive, Context<Redrive> context) {
    Optional<Migration> migration = migration(redrive);
    if (RedriveStatuses.ended(redrive)) {
      migration.ifPresent(m -> job(m, redrive).ifPresent(workloads::delete));
      // What is at hand here may be older than what was masked since.
      RedriveStatus masked =
          migration
              .map(m -> Redaction.of(m.getSpec()))
              .map(r -> RedriveStatuses.shown(redrive, Optional.empty(), r))
              .orElseGet(redrive::getStatus);
      return control(redrive, RedriveStatuses.seen(redrive, masked));
    }
    RedriveStatus status;
    try {
      status =
          migration
              .map(m -> status(m, redrive))
              .orElseGet(() -> RedriveStatuses.held(redrive, notFound(redrive), clock.instant()));
    } catch (ChainUnavailableException e) {
      status =
          RedriveStatuses.unavailable(
              redrive, e.reason(), String.valueOf(e.getMessage()), clock.instant());
    } catch (KubernetesClientException e) {
      if (e.getCode() == HttpURLConnection.HTTP_CONFLICT) {
        throw e; // somebody was quicker: it is looked at again at once
      }
      status =
          RedriveStatuses.unavailable(
              redrive,
              "ApiServerRefuses",
              "the API server does not let the operator go on with it: " + e.getMessage(),
              clock.instant());
    }
    return control(redrive, status)
        .rescheduleAfter(
            migration.isEmpty() || Boolean.TRUE.equals(redrive.getSpec().suspend()) ? LATER : SOON);
  }

  private static UpdateControl<Redrive> control(Redrive redrive, RedriveStatus status) {
    return status.equals(redrive.getStatus())
        ? UpdateControl.noUpdate()
        : UpdateControl.patchStatus(patch(redrive, status));
  }

  private RedriveStatus status(Migration migration, Redrive redrive) {
    return RedriveStatuses.of(
        redrive, look(migration, redrive), Redaction.of(migration.getSpec()), clock.instant());
  }

  private static Situation.Held notFound(Redrive redrive) {
    return new Situation.Held(
        "MigrationNotFound",
        "spec.migrationName: there is no Migration %s in namespace %s; a Redrive stands in the namespace of its Migration"
            .formatted(redrive.getSpec().migrationName(), redrive.getMetadata().getNamespace()),
        true);
  }

  private Optional<Migration> migration(Redrive redrive) {
    return Optional.ofNullable(
            client
                .resources(Migration.class)
                .inNamespace(redrive.getMetadata().getNamespace())
                .withName(redrive.getSpec().migrationName())
                .get())
        .filter(m -> m.getMetadata().getDeletionTimestamp() == null)
        .map(PrivatePaths::expanded);
  }

  private Situation look(Migration migration, Redrive redrive) {
    own(migration, redrive);
    ChainRef ref =
        new ChainRef(
            migration.getMetadata().getNamespace(),
            migration.getMetadata().getName(),
            migration.getMetadata().getUid());
    Optional<Job> job = job(migration, redrive);
    Optional<Situation.Held> wrong = SelectorFaults.wrong(redrive.getSpec());
    if (wrong.isPresent()) {
      job.ifPresent(workloads::delete);
      return wrong.get();
    }
    boolean suspended = Boolean.TRUE.equals(redrive.getSpec().suspend());
    if (job.isEmpty() && !suspended) {
      Optional<Situation.Held> lacking =
          Readiness.lacking(migration, stages(migration), redrive.getSpec());
      if (lacking.isPresent()) {
        return lacking.get();
      }
    }
    if (job.isEmpty() && suspended && redrive.getStatus() == null) {
      return new Situation.Held("Suspended", "spec.suspend is true: nothing is begun", false);
    }
    MigrationStatus status = migration.getStatus();
    String revision = status == null || status.plan() == null ? null : status.plan().revision();
    if (revision == null && redrive.getSpec().startAt() == StartAt.Source) {
      return new Situation.Held("MigrationNotReady", "waits until the Migration is planned", false);
    }
    Optional<RedriveProgress> progress = exchange(ref, redrive, revision);
    boolean pausing =
        suspended
            && progress.isPresent()
            && progress.get().phase() == RedriveProgress.Phase.Suspended;
    if (progress.isPresent() && progress.get().ended() || pausing) {
      job.ifPresent(workloads::delete);
    } else if (job.isEmpty() && !suspended) {
      workloads.ensureNatsSecret(migration);
      workloads.apply(null, jobs.of(migration, redrive));
    } else if (job.isPresent() && RedriveJob.ended(job.get())) {
      workloads.delete(job.get()); // it left before it was done: another takes up
    }
    Optional<String> trouble =
        progress.filter(RedriveProgress::ended).isPresent()
            ? Optional.empty()
            : job.flatMap(j -> pods.trouble(j, clock.instant()));
    Optional<String> told = trouble.or(() -> standing(progress, status));
    return progress
        .<Situation>map(p -> new Situation.Known(told(p, told)))
        .orElseGet(
            () ->
                suspended
                    ? new Situation.Held(
                        "Suspended", "spec.suspend is true: nothing is begun", false)
                    : new Situation.Starting(trouble));
  }

  /** What has been sent waits at stages that take nothing. */
  private static Optional<String> standing(
      Optional<RedriveProgress> progress, @Nullable MigrationStatus status) {
    boolean sends =
        progress
            .filter(p -> p.phase() == RedriveProgress.Phase.Running && p.sent() > 0)
            .isPresent();
    return sends
        ? Halts.of(status).entrySet().stream()
            .map(
                e ->
                    "stage %s takes nothing now, %s: %s"
                        .formatted(e.getKey(), e.getValue().reason(), e.getValue().message()))
            .sorted()
            .reduce((one, other) -> one + "; " + other)
        : Optional.empty();
  }

  /** What a worker told last, of which another is to take the place. */
  private static RedriveProgress told(RedriveProgress progress, Optional<String> trouble) {
    return trouble.map(t -> progress.saying(progress.message() + "; " + t)).orElse(progress);
  }

  /** Puts the order where the worker reads it, and reads how far that is. */
  private Optional<RedriveProgress> exchange(
      ChainRef ref, Redrive redrive, @Nullable String revision) {
    String uid = redrive.getMetadata().getUid();
    byte[] order = WireJson.bytes(Orders.of(redrive, revision, requester.of(redrive)));
    return link.call(
        "hand the Redrive to its worker",
        nats -> {
          var bucket = StateStore.open(nats, ref.names()).bucket();
          KeyValueEntry before = bucket.get(RedriveOrder.key(uid));
          if (before == null || !Arrays.equals(before.getValue(), order)) {
            bucket.put(RedriveOrder.key(uid), order);
          }
          KeyValueEntry told = bucket.get(RedriveProgress.key(uid));
          return told == null || told.getValue() == null
              ? Optional.<RedriveProgress>empty()
              : Optional.of(WireJson.parse(told.getValue(), RedriveProgress.class));
        });
  }

  private Optional<Job> job(Migration migration, Redrive redrive) {
    return Optional.ofNullable(
        client
            .resources(Job.class)
            .inNamespace(redrive.getMetadata().getNamespace())
            .withName(RedriveJob.name(migration, redrive))
            .get());
  }

  private List<Deployment> stages(Migration migration) {
    return client
        .resources(Deployment.class)
        .inNamespace(migration.getMetadata().getNamespace())
        .withLabel(WorkloadLabels.MIGRATION, migration.getMetadata().getName())
        .withLabel(WorkloadLabels.STAGE)
        .list()
        .getItems();
  }

  /** Goes with its Migration, or with the FailedRecord that asked for it, which does. */
  private void own(Migration migration, Redrive redrive) {
    String uid = migration.getMetadata().getUid();
    @Nullable List<OwnerReference> owners = redrive.getMetadata().getOwnerReferences();
    String record = HasMetadata.getKind(FailedRecord.class);
    if (owners != null
        && owners.stream().anyMatch(o -> o.getUid().equals(uid) || o.getKind().equals(record))) {
      return;
    }
    OwnerReference owner =
        new OwnerReferenceBuilder()
            .withApiVersion(migration.getApiVersion())
            .withKind(migration.getKind())
            .withName(migration.getMetadata().getName())
            .withUid(uid)
            .withController(true)
            .build();
    client
        .resource(redrive)
        .edit(
            latest -> {
              latest.getMetadata().setOwnerReferences(List.of(owner));
              return latest;
            });
  }

  private static Redrive patch(Redrive redrive, RedriveStatus status) {
    Redrive patch = new Redrive();
    patch.setMetadata(
        new ObjectMetaBuilder()
            .withName(redrive.getMetadata().getName())
            .withNamespace(redrive.getMetadata().getNamespace())
            .withUid(redrive.getMetadata().getUid())
            .build());
    patch.setStatus(status);
    return patch;
  }
}
