package dev.drover.operator.desk;

import dev.drover.api.v1alpha1.Condition;
import dev.drover.api.v1alpha1.FailedRecord;
import dev.drover.api.v1alpha1.FailedRecordSpec;
import dev.drover.api.v1alpha1.FailedRecordSpec.Action;
import dev.drover.api.v1alpha1.FailedRecordStatus;
import dev.drover.api.v1alpha1.Migration;
import dev.drover.api.v1alpha1.MigrationSpec;
import dev.drover.operator.chain.ChainRef;
import dev.drover.operator.chain.NatsLink;
import dev.drover.operator.privacy.Redaction;
import dev.drover.wire.failure.QueuedFailure;
import dev.drover.wire.names.ChainNames;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * Keeps the window of FailedRecords on a migration's error queue: at most {@code
 * spec.failedRecords.maxResources}, spread over the causes. Level-driven: each call compares what
 * is shown with what there is and goes some steps; a full window of a hundred thousand failures
 * costs one request. It writes the status of what it makes, and of what changed though nobody
 * asked; what a resource asks for, the reconciler does. Thread-safe.
 */
public final class FailedRecordDesk {
  static final String FIELD_MANAGER = "drover-desk";

  /** The most shown records that one call looks for in the queue. */
  private static final int LOOKS = 100;

  /** The same while records move, which this would slow down. */
  private static final int LOOKS_IF_BUSY = 20;

  /** A resource without status for that long was left so by a crash. */
  private static final Duration UNFINISHED = Duration.ofSeconds(10);

  private static final int CONFLICT = 409;
  private static final int NOT_FOUND = 404;

  private final NatsLink link;
  private final KubernetesClient client;
  private final ShownRecords records;
  private final Clerks clerks;
  private final SeenMigrations migrations;
  private final InstantSource clock;
  private final PatchContext apply;

  /** How many messages had left a chain's queue, by uid, when all that are shown were in it. */
  private final Map<String, Departures> departures = new ConcurrentHashMap<>();

  /** Where searches for what is not shown ended, by uid and cause. */
  private final Map<String, Map<String, Long>> places = new ConcurrentHashMap<>();

  FailedRecordDesk(
      NatsLink link,
      KubernetesClient client,
      ShownRecords records,
      Clerks clerks,
      SeenMigrations migrations,
      InstantSource clock) {
    this.link = link;
    this.client = client;
    this.records = records;
    this.clerks = clerks;
    this.migrations = migrations;
    this.clock = clock;
    this.apply =
        new PatchContext.Builder()
            .withPatchType(PatchType.SERVER_SIDE_APPLY)
            .withFieldManager(FIELD_MANAGER)
            .withForce(true)
            .build();
  }

  /**
   * Brings the window nearer to the error queue.
   *
   * @param busy whether the chain moves records, which many new resources would slow down
   * @throws dev.drover.operator.chain.ChainUnavailableException if NATS is away or refuses
   */
  public void sync(Migration migration, ChainRef ref, boolean busy) {
    SeenMigrations.Seen seen = migrations.saw(migration);
    Redaction redaction = seen.redaction();
    ErrorQueue errors = new ErrorQueue(link, ref.names());
    ErrorQueue.State queue = errors.state();
    Instant now = clock.instant();
    List<FailedRecord> resources =
        records.of(ref.namespace(), ref.name()).stream().filter(r -> isOf(r, ref)).toList();
    MigrationSpec.FailedRecords spec = migration.getSpec().failedRecords();
    Window window =
        Window.next(
            queue.totals(),
            resources.stream().map(r -> shown(r, ref.names())).toList(),
            Objects.requireNonNull(spec.maxResources(), "has a default"),
            Duration.ofSeconds(
                Objects.requireNonNull(spec.ttlSecondsAfterResolved(), "has a default")),
            now);
    window.remove().stream().limit(Allowance.STEPS).forEach(name -> remove(ref, name));
    RecordClerk clerk = clerks.of(ref, seen);
    new NewFailures(
            errors,
            ref.names(),
            resources,
            places.computeIfAbsent(ref.uid(), uid -> new ConcurrentHashMap<>()))
        .next(window.add(), Allowance.of(window.add(), resources, ref.names(), busy, now))
        .forEach(failure -> make(migration, ref, clerk, failure));
    resources.stream().filter(r -> isStale(r, redaction, now)).forEach(r -> revisit(clerk, r));
    lookForDeparted(ref, errors, queue, resources, clerk, busy ? LOOKS_IF_BUSY : LOOKS);
  }

  /** Whether no failed record of a chain is shown; asks nobody. */
  public boolean showsNothing(ChainRef ref) {
    return records.of(ref.namespace(), ref.name()).isEmpty();
  }

  /** Forgets a Migration that is gone. */
  public void forget(String uid) {
    migrations.forget(uid);
    departures.remove(uid);
    places.remove(uid);
  }

  /**
   * Whether a resource has to be looked at. One whose replay is under way looks again by itself
   * once it was looked at; one that was made just now may not have been, as the cache lacked it
   * still.
   */
  private static boolean isStale(FailedRecord resource, Redaction redaction, Instant now) {
    FailedRecordStatus status = resource.getStatus();
    return status == null
        ? Instant.parse(resource.getMetadata().getCreationTimestamp())
            .plus(UNFINISHED)
            .isBefore(now)
        : RecordState.of(status) == RecordState.Replaying
            || !RecordStatuses.fits(status, redaction)
            || !SourceRows.fits(status, redaction);
  }

  /**
   * A record may leave the queue otherwise than through its resource. As long as no message has
   * left it since all that is shown was there, nothing has to be looked for.
   *
   * @param gone messages that had left the queue
   * @param from the sequence from which on what is shown was not looked for yet
   */
  private record Departures(long gone, long from) {}

  /** Whether some of what is shown was not looked for yet since messages left the queue. */
  boolean looksForDeparted(ChainRef ref) {
    Departures last = departures.get(ref.uid());
    return last == null || last.from() != Long.MAX_VALUE;
  }

  private void lookForDeparted(
      ChainRef ref,
      ErrorQueue errors,
      ErrorQueue.State queue,
      List<FailedRecord> resources,
      RecordClerk clerk,
      int looks) {
    Departures before = departures.getOrDefault(ref.uid(), new Departures(-1, 0));
    if (before.gone() == queue.gone() && before.from() == Long.MAX_VALUE) {
      return;
    }
    long from = before.from() == Long.MAX_VALUE ? 0 : before.from();
    List<FailedRecord> open =
        resources.stream()
            .filter(r -> r.getStatus() != null && !RecordState.of(r.getStatus()).closed())
            .filter(r -> r.getStatus().errorSequence() >= from)
            .sorted(Comparator.comparingLong(r -> r.getStatus().errorSequence()))
            .toList();
    open.stream()
        .limit(looks)
        .filter(r -> departed(r.getStatus(), errors))
        .forEach(r -> revisit(clerk, r));
    long next = open.size() > looks ? open.get(looks).getStatus().errorSequence() : Long.MAX_VALUE;
    // What leaves meanwhile may have been looked for before: then all is looked for again.
    long gone = from == 0 ? queue.gone() : before.gone();
    departures.put(ref.uid(), new Departures(gone, next));
  }

  /** Whether a record has left the queue unseen; or one that was lost is there again. */
  private static boolean departed(FailedRecordStatus status, ErrorQueue errors) {
    boolean there = errors.at(status.errorSequence()).isPresent();
    return there == (RecordState.of(status) == RecordState.Lost);
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
    boolean lost = status != null && RecordState.of(status) == RecordState.Lost;
    return new Window.Shown(
        resource.getMetadata().getName(),
        names.errorSubject(RecordNames.stage(resource), fingerprint),
        RecordNames.sequence(resource).orElse(0),
        asked || (status != null && status.handledGeneration() != null),
        lost,
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

  private void make(Migration migration, ChainRef ref, RecordClerk clerk, QueuedFailure failure) {
    String stage = failure.detail().stage();
    String name = RecordNames.name(ref, stage, failure.sequence());
    Optional<FailedRecord> made = create(resource(migration, ref, name, failure));
    if (made.isEmpty()) {
      FailedRecord there =
          client.resources(FailedRecord.class).inNamespace(ref.namespace()).withName(name).get();
      if (there != null && !RecordNames.chain(there).equals(Optional.of(ref))) {
        String second = RecordNames.secondName(ref, stage, failure.sequence());
        made = create(resource(migration, ref, second, failure));
      }
    }
    made.ifPresent(resource -> describe(resource, clerk.first(resource, failure)));
  }

  /** Looks at a resource that nobody changed. A visit made twice does nothing twice. */
  private void revisit(RecordClerk clerk, FailedRecord resource) {
    RecordClerk.Visit visit = clerk.visit(resource, RecordNames.sequence(resource).orElseThrow());
    if (!visit.status().equals(resource.getStatus())) {
      describe(resource, visit);
    }
  }

  /** Writes a status, unless somebody was quicker to ask for something. */
  private void describe(FailedRecord made, RecordClerk.Visit visit) {
    FailedRecord patch = new FailedRecord();
    patch.setMetadata(
        new ObjectMetaBuilder()
            .withName(made.getMetadata().getName())
            .withNamespace(made.getMetadata().getNamespace())
            .withResourceVersion(made.getMetadata().getResourceVersion())
            .build());
    patch.setStatus(visit.status());
    try {
      client.resource(patch).subresource("status").patch(apply);
    } catch (KubernetesClientException e) {
      if (e.getCode() != CONFLICT && e.getCode() != NOT_FOUND) {
        throw e;
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

  /** Makes a resource; empty if there is one of its name. */
  private Optional<FailedRecord> create(FailedRecord resource) {
    try {
      return Optional.of(client.resource(resource).create());
    } catch (KubernetesClientException e) {
      if (e.getCode() == CONFLICT) {
        return Optional.empty();
      }
      throw e;
    }
  }
}
