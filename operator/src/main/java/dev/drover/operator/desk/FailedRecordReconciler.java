package dev.drover.operator.desk;

import dev.drover.api.v1alpha1.FailedRecord;
import dev.drover.api.v1alpha1.FailedRecordSpec.Action;
import dev.drover.api.v1alpha1.FailedRecordStatus;
import dev.drover.operator.chain.ChainRef;
import dev.drover.operator.chain.ChainUnavailableException;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import io.javaoperatorsdk.operator.api.reconciler.Context;
import io.javaoperatorsdk.operator.api.reconciler.EventSourceContext;
import io.javaoperatorsdk.operator.api.reconciler.Reconciler;
import io.javaoperatorsdk.operator.api.reconciler.UpdateControl;
import io.javaoperatorsdk.operator.processing.event.source.EventSource;
import io.javaoperatorsdk.operator.processing.event.source.IndexerResourceCache;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/**
 * Reconciles one FailedRecord: reads its message, does what {@code spec} asks once for each
 * generation, and follows what becomes of it. {@link FailedRecordDesk} makes these resources with
 * their first status and removes them; all that follows is written here. Thread-safe.
 *
 * <p>Also the {@link ShownRecords} of a running operator: it lists from its own cache, and nothing
 * before that has started.
 */
public final class FailedRecordReconciler implements Reconciler<FailedRecord>, ShownRecords {
  private static final Duration NATS_AWAY = Duration.ofSeconds(5);
  private static final String BY_MIGRATION = "migration";

  private final Clerks clerks;
  private final SeenMigrations migrations;
  private final InstantSource clock;
  private volatile @Nullable IndexerResourceCache<FailedRecord> cache;

  /** A reconciler over the operator's connection. */
  FailedRecordReconciler(Clerks clerks, SeenMigrations migrations, InstantSource clock) {
    this.clerks = clerks;
    this.migrations = migrations;
    this.clock = clock;
  }

  @Override
  public List<EventSource<?, FailedRecord>> prepareEventSources(
      EventSourceContext<FailedRecord> context) {
    IndexerResourceCache<FailedRecord> primary = context.getPrimaryCache();
    primary.addIndexer(
        BY_MIGRATION,
        record ->
            List.of(
                key(
                    record.getMetadata().getNamespace(),
                    record.getMetadata().getLabels().getOrDefault(RecordNames.MIGRATION, ""))));
    cache = primary;
    return List.of();
  }

  /**
   * Whether a resource that is seen for the first time has to be looked at: not if it only shows
   * its record, which is most, be it made just now or found at the operator's start. One that was
   * edited while no operator ran is, whatever it asks now: what it asked before may be in the
   * journal and not done.
   */
  static boolean asks(FailedRecord resource) {
    FailedRecordStatus status = resource.getStatus();
    boolean asked = resource.getSpec() != null && resource.getSpec().action() != Action.None;
    return asked
        || SourceRows.isAsked(resource)
        || RecordNames.chain(resource).isEmpty()
        || (status != null
            && !Objects.equals(status.observedGeneration(), resource.getMetadata().getGeneration()))
        || (status != null && RecordState.of(status) == RecordState.Replaying);
  }

  @Override
  public List<FailedRecord> of(String namespace, String migration) {
    IndexerResourceCache<FailedRecord> primary = cache;
    return primary == null ? List.of() : primary.byIndex(BY_MIGRATION, key(namespace, migration));
  }

  private static String key(String namespace, String migration) {
    return namespace + "/" + migration;
  }

  @Override
  public UpdateControl<FailedRecord> reconcile(
      FailedRecord resource, Context<FailedRecord> context) {
    Optional<RecordClerk.Visit> found = visit(resource);
    if (found.isEmpty()) {
      return UpdateControl.noUpdate();
    }
    RecordClerk.Visit visit = found.get();
    relabel(resource, visit.status(), context);
    UpdateControl<FailedRecord> control =
        visit.status().equals(resource.getStatus())
            ? UpdateControl.noUpdate()
            : UpdateControl.patchStatus(patch(resource, visit.status()));
    visit.again().ifPresent(control::rescheduleAfter);
    return control;
  }

  /** Empty if its Migration is gone: then it goes, too. */
  private Optional<RecordClerk.Visit> visit(FailedRecord resource) {
    Optional<ChainRef> ref = RecordNames.chain(resource);
    OptionalLong sequence = RecordNames.sequence(resource);
    Instant now = clock.instant();
    if (ref.isEmpty() || sequence.isEmpty()) {
      return Optional.of(
          new RecordClerk.Visit(
              RecordStatuses.unavailable(
                  RecordStatuses.unknown(resource, "", 0),
                  resource,
                  "NotMadeByDrover",
                  "FailedRecords are made by the operator; this one belongs to no Migration: delete it",
                  now),
              Optional.empty()));
    }
    return migrations
        .of(ref.get())
        .map(seen -> visit(resource, ref.get(), seen, sequence.getAsLong(), now));
  }

  private RecordClerk.Visit visit(
      FailedRecord resource, ChainRef ref, SeenMigrations.Seen seen, long sequence, Instant now) {
    try {
      return clerks.of(ref, seen).visit(resource, sequence);
    } catch (ChainUnavailableException e) {
      FailedRecordStatus before = resource.getStatus();
      FailedRecordStatus known =
          before != null ? before : RecordStatuses.unknown(resource, ref.name(), sequence);
      return new RecordClerk.Visit(
          RecordStatuses.unavailable(
              known, resource, e.reason(), String.valueOf(e.getMessage()), now),
          Optional.of(NATS_AWAY));
    }
  }

  /** A record that failed again may have another cause now; selectors shall find it by that. */
  private static void relabel(
      FailedRecord resource, FailedRecordStatus status, Context<FailedRecord> context) {
    Map<String, String> labels = RecordNames.labels(status);
    if (status.fingerprint().isEmpty()
        || resource.getMetadata().getLabels().entrySet().containsAll(labels.entrySet())) {
      return;
    }
    context
        .getClient()
        .resource(resource)
        .edit(
            latest -> {
              latest.getMetadata().getLabels().putAll(labels);
              return latest;
            });
  }

  private static FailedRecord patch(FailedRecord resource, FailedRecordStatus status) {
    FailedRecord patch = new FailedRecord();
    patch.setMetadata(
        new ObjectMetaBuilder()
            .withName(resource.getMetadata().getName())
            .withNamespace(resource.getMetadata().getNamespace())
            .withUid(resource.getMetadata().getUid())
            .build());
    patch.setStatus(status);
    return patch;
  }
}
