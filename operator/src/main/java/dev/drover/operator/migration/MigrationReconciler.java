package dev.drover.operator.migration;

import dev.drover.api.v1alpha1.Migration;
import dev.drover.api.v1alpha1.MigrationStatus;
import dev.drover.operator.ServedNamespaces;
import dev.drover.operator.events.EventRecorder;
import dev.drover.operator.events.Transitions;
import dev.drover.operator.metrics.MigrationMetrics;
import dev.drover.operator.status.Observation;
import dev.drover.operator.status.StatusComposer;
import dev.drover.operator.status.StatusWriter;
import dev.drover.operator.workload.RedriveJob;
import dev.drover.operator.workload.WorkloadLabels;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.javaoperatorsdk.operator.api.config.informer.InformerEventSourceConfiguration;
import io.javaoperatorsdk.operator.api.reconciler.Cleaner;
import io.javaoperatorsdk.operator.api.reconciler.Context;
import io.javaoperatorsdk.operator.api.reconciler.DeleteControl;
import io.javaoperatorsdk.operator.api.reconciler.ErrorStatusUpdateControl;
import io.javaoperatorsdk.operator.api.reconciler.EventSourceContext;
import io.javaoperatorsdk.operator.api.reconciler.Reconciler;
import io.javaoperatorsdk.operator.api.reconciler.UpdateControl;
import io.javaoperatorsdk.operator.processing.event.ResourceID;
import io.javaoperatorsdk.operator.processing.event.source.EventSource;
import io.javaoperatorsdk.operator.processing.event.source.informer.InformerEventSource;
import io.javaoperatorsdk.operator.processing.event.source.informer.Mappers;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reconciles Migrations: a visit looks and acts, its observation becomes the status, what changed
 * in the status becomes events. Everything is derived anew from what is observed now.
 */
public final class MigrationReconciler implements Reconciler<Migration>, Cleaner<Migration> {
  private static final Logger LOG = LoggerFactory.getLogger(MigrationReconciler.class);
  private static final String BY_MIGRATION = "migration";

  private final Visit visit;
  private final Farewell farewell;
  private final StatusWriter statuses;
  private final EventRecorder events;
  private final MigrationMetrics metrics;
  private final Clock clock;
  private final ServedNamespaces namespaces;
  private volatile @Nullable InformerEventSource<Deployment, Migration> deployments;
  private volatile @Nullable InformerEventSource<Job, Migration> jobs;

  MigrationReconciler(
      Visit visit,
      Farewell farewell,
      StatusWriter statuses,
      EventRecorder events,
      MigrationMetrics metrics,
      Clock clock,
      ServedNamespaces namespaces) {
    this.visit = visit;
    this.farewell = farewell;
    this.statuses = statuses;
    this.events = events;
    this.metrics = metrics;
    this.clock = clock;
    this.namespaces = namespaces;
  }

  @Override
  public List<EventSource<?, Migration>> prepareEventSources(
      EventSourceContext<Migration> context) {
    deployments =
        indexed(
            managed(Deployment.class).withOnUpdateFilter(MigrationReconciler::matters).build(),
            context);
    jobs =
        indexed(
            managed(Job.class)
                .withSecondaryToPrimaryMapper(MigrationReconciler::migrationOf)
                .build(),
            context);
    return List.of(deployments, jobs);
  }

  /** The SDK would find them too, but hashes each object as a whole on every visit. */
  private static <R extends HasMetadata> InformerEventSource<R, Migration> indexed(
      InformerEventSourceConfiguration<R> configuration, EventSourceContext<Migration> context) {
    InformerEventSource<R, Migration> source = new InformerEventSource<>(configuration, context);
    source.addIndexers(
        Map.of(
            BY_MIGRATION,
            object ->
                configuration.getSecondaryToPrimaryMapper().toPrimaryResourceIDs(object).stream()
                    .map(ResourceID::toString)
                    .toList()));
    return source;
  }

  /** The Migration's objects, as the cache shows them. */
  private static <R extends HasMetadata> List<R> of(
      Migration migration, @Nullable InformerEventSource<R, Migration> source) {
    return source == null
        ? List.of()
        : source.byIndex(BY_MIGRATION, ResourceID.fromResource(migration).toString());
  }

  private <R extends HasMetadata> InformerEventSourceConfiguration.Builder<R> managed(
      Class<R> type) {
    InformerEventSourceConfiguration.Builder<R> managed =
        InformerEventSourceConfiguration.from(type, Migration.class)
            .withLabelSelector(WorkloadLabels.MANAGED)
            .withNamespacesInheritedFromController()
            .withGenericFilter(namespaces::include);
    // Each watched namespace has an informer of its own.
    return namespaces.watched().isEmpty() ? managed.withItemStore(new LeanCache<>()) : managed;
  }

  /** A Redrive's Job is the Redrive's; its sessions at a source count among the Migration's. */
  private static Set<ResourceID> migrationOf(Job job) {
    return RedriveJob.isOne(job)
        ? Set.of(
            new ResourceID(
                job.getMetadata().getLabels().get(WorkloadLabels.MIGRATION),
                job.getMetadata().getNamespace()))
        : Mappers.<Job>fromOwnerReferences(Migration.class).toPrimaryResourceIDs(job);
  }

  /** Of a Deployment's many updates, those that change what a visit would do or say. */
  private static boolean matters(Deployment now, Deployment before) {
    return !Objects.equals(now.getMetadata().getGeneration(), before.getMetadata().getGeneration())
        || !Objects.equals(
            now.getMetadata().getDeletionTimestamp(), before.getMetadata().getDeletionTimestamp())
        || now.getStatus() == null
        || before.getStatus() == null
        || !Objects.equals(
            now.getStatus().getReadyReplicas(), before.getStatus().getReadyReplicas());
  }

  @Override
  public UpdateControl<Migration> reconcile(Migration migration, Context<Migration> context) {
    Instant began = clock.instant();
    MigrationStatus before = statuses.current(migration);
    Observation seen =
        visit.make(migration, before, of(migration, jobs), of(migration, deployments), began);
    MigrationStatus after =
        StatusComposer.compose(before, migration.getMetadata().getGeneration(), seen, began);
    if (statuses.write(migration, after, began)) {
      metrics.statusWritten();
      Transitions.between(before, after).forEach(n -> events.record(migration, n));
    }
    metrics.visited(migration, after, seen.snapshot(), Duration.between(began, clock.instant()));
    return UpdateControl.<Migration>noUpdate().rescheduleAfter(Pace.after(seen, after, began));
  }

  @Override
  public ErrorStatusUpdateControl<Migration> updateErrorStatus(
      Migration migration, Context<Migration> context, Exception e) {
    metrics.visitFailed(Duration.ZERO);
    try {
      statuses.write(
          migration,
          StatusComposer.afterError(
              statuses.current(migration),
              migration.getMetadata().getGeneration(),
              "the operator will try again: " + e.getMessage(),
              clock.instant()),
          clock.instant());
    } catch (KubernetesClientException unwritten) {
      LOG.debug("the status after an error was not written", unwritten);
    }
    return ErrorStatusUpdateControl.defaultErrorProcessing();
  }

  @Override
  public DeleteControl cleanup(Migration migration, Context<Migration> context) {
    List<HasMetadata> workloads =
        Stream.<HasMetadata>concat(
                of(migration, deployments).stream(),
                of(migration, jobs).stream().filter(job -> !RedriveJob.isOne(job)))
            .toList();
    Farewell.Outcome outcome = farewell.say(migration, workloads, clock.instant());
    outcome.news().ifPresent(n -> events.record(migration, n));
    if (!outcome.gone()) {
      return DeleteControl.noFinalizerRemoval().rescheduleAfter(outcome.again());
    }
    Farewell.owed(migration).ifPresent(n -> events.record(migration, n));
    String uid = migration.getMetadata().getUid();
    visit.forget(migration);
    statuses.forget(uid);
    metrics.forget(migration);
    return DeleteControl.defaultDelete();
  }
}
