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
import io.javaoperatorsdk.operator.processing.event.source.EventSource;
import io.javaoperatorsdk.operator.processing.event.source.informer.InformerEventSource;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Objects;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reconciles Migrations: a visit looks and acts, its observation becomes the status, what changed
 * in the status becomes events. Everything is derived anew from what is observed now.
 */
public final class MigrationReconciler implements Reconciler<Migration>, Cleaner<Migration> {
  private static final Logger LOG = LoggerFactory.getLogger(MigrationReconciler.class);

  private final Visit visit;
  private final Farewell farewell;
  private final StatusWriter statuses;
  private final EventRecorder events;
  private final MigrationMetrics metrics;
  private final Clock clock;
  private final ServedNamespaces namespaces;

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
    return List.of(
        new InformerEventSource<>(
            managed(Deployment.class).withOnUpdateFilter(MigrationReconciler::matters).build(),
            context),
        new InformerEventSource<>(managed(Job.class).build(), context));
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
        visit.make(
            migration,
            before,
            context.getSecondaryResources(Job.class),
            context.getSecondaryResources(Deployment.class),
            began);
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
        java.util.stream.Stream.concat(
                context.getSecondaryResources(Deployment.class).stream(),
                context.getSecondaryResources(Job.class).stream())
            .map(HasMetadata.class::cast)
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
