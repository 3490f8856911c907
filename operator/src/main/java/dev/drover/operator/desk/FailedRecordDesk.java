package dev.drover.operator.desk;

import dev.drover.api.v1alpha1.Condition;
import dev.drover.api.v1alpha1.FailedRecord;
import dev.drover.api.v1alpha1.FailedRecordSpec;
import dev.drover.api.v1alpha1.FailedRecordSpec.Action;
import dev.drover.api.v1alpha1.FailedRecordStatus;
import dev.drover.api.v1alpha1.Migration;
import dev.drover.operator.chain.ChainRef;
import dev.drover.operator.chain.NatsLink;
import dev.drover.wire.failure.QueuedFailure;
import dev.drover.wire.names.ChainNames;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Keeps the window of FailedRecords on a migration's error queue: at most {@code
 * spec.failedRecords.maxResources}, spread over the causes. Level-driven: each call compares what
 * is shown with what there is and goes some steps; a full window of a hundred thousand failures
 * costs one request. Thread-safe.
 */
public final class FailedRecordDesk {
  static final String FIELD_MANAGER = "drover-desk";

  /** The most resources that one call makes or removes, so that no visit takes long. */
  private static final int STEPS = 50;

  private static final int CONFLICT = 409;

  private final NatsLink link;
  private final KubernetesClient client;
  private final FailedRecordLister lister;
  private final InstantSource clock;

  /** A desk that sees its resources through a lister. */
  public FailedRecordDesk(
      NatsLink link, KubernetesClient client, FailedRecordLister lister, InstantSource clock) {
    this.link = link;
    this.client = client;
    this.lister = lister;
    this.clock = clock;
  }

  /**
   * Brings the window nearer to the error queue.
   *
   * @throws dev.drover.operator.chain.ChainUnavailableException if NATS is away or refuses
   */
  public void sync(Migration migration, ChainRef ref) {
    ErrorQueue errors = new ErrorQueue(link, ref.names());
    Map<String, Long> failures = errors.totals();
    List<FailedRecord> resources =
        lister.of(ref.namespace(), ref.name()).stream().filter(r -> isOf(r, ref)).toList();
    int most =
        Objects.requireNonNull(migration.getSpec().failedRecords().maxResources(), "has a default");
    Window window =
        Window.next(
            failures,
            resources.stream().map(r -> shown(r, ref.names())).toList(),
            most,
            clock.instant());
    window.remove().stream().limit(STEPS).forEach(name -> remove(ref, name));
    new NewFailures(errors, ref.names(), resources)
        .next(window.add(), STEPS)
        .forEach(failure -> make(migration, ref, failure));
  }

  private static boolean isOf(FailedRecord resource, ChainRef ref) {
    return resource.getMetadata().getDeletionTimestamp() == null
        && RecordNames.chain(resource).equals(Optional.of(ref))
        && RecordNames.sequence(resource).isPresent();
  }

  /** How a resource counts in the window; one without status yet by the labels it was made with. */
  static Window.Shown shown(FailedRecord resource, ChainNames names) {
    FailedRecordStatus status = resource.getStatus();
    Map<String, String> labels = resource.getMetadata().getLabels();
    String fingerprint =
        status != null && !status.fingerprint().isEmpty()
            ? status.fingerprint()
            : labels.getOrDefault(RecordNames.FINGERPRINT, "");
    boolean asked = resource.getSpec() != null && resource.getSpec().action() != Action.None;
    return new Window.Shown(
        resource.getMetadata().getName(),
        names.errorSubject(RecordNames.stage(resource), fingerprint),
        RecordNames.sequence(resource).orElse(0),
        asked || (status != null && status.handledGeneration() != null),
        status == null ? null : closedAt(status));
  }

  private static @Nullable Instant closedAt(FailedRecordStatus status) {
    return status.conditions().stream()
        .filter(c -> c.type().equals(RecordStatuses.RESOLVED) && c.status().equals("True"))
        .findFirst()
        .map(Condition::lastTransitionTime)
        .map(Instant::parse)
        .orElse(null);
  }

  private void remove(ChainRef ref, String name) {
    client.resources(FailedRecord.class).inNamespace(ref.namespace()).withName(name).delete();
  }

  private void make(Migration migration, ChainRef ref, QueuedFailure failure) {
    String stage = failure.detail().stage();
    String name = RecordNames.name(ref, stage, failure.sequence());
    if (!create(resource(migration, ref, name, failure))) {
      FailedRecord there =
          client.resources(FailedRecord.class).inNamespace(ref.namespace()).withName(name).get();
      if (there != null && !RecordNames.chain(there).equals(Optional.of(ref))) {
        String second = RecordNames.secondName(ref, stage, failure.sequence());
        create(resource(migration, ref, second, failure));
      }
    }
  }

  static FailedRecord resource(
      Migration migration, ChainRef ref, String name, QueuedFailure failure) {
    FailedRecord resource = new FailedRecord();
    resource.setMetadata(
        new ObjectMetaBuilder()
            .withName(name)
            .withNamespace(ref.namespace())
            .withLabels(RecordNames.labels(ref.name(), failure.detail()))
            .withAnnotations(Map.of(RecordNames.SEQUENCE, Long.toString(failure.sequence())))
            .addNewOwnerReference()
            .withApiVersion(migration.getApiVersion())
            .withKind(migration.getKind())
            .withName(ref.name())
            .withUid(ref.uid())
            .withController(true)
            .endOwnerReference()
            .build());
    resource.setSpec(new FailedRecordSpec(Action.None, null, null, null, 0));
    return resource;
  }

  /** Makes a resource; false if there is one of its name. */
  private boolean create(FailedRecord resource) {
    try {
      client.resource(resource).create();
      return true;
    } catch (KubernetesClientException e) {
      if (e.getCode() == CONFLICT) {
        return false;
      }
      throw e;
    }
  }
}
