package dev.drover.operator.desk;

import dev.drover.api.v1alpha1.Condition;
import dev.drover.api.v1alpha1.FailedRecord;
import dev.drover.api.v1alpha1.FailedRecordStatus.SourceRow;
import dev.drover.api.v1alpha1.Redrive;
import dev.drover.api.v1alpha1.RedriveSpec;
import dev.drover.api.v1alpha1.RedriveStatus;
import dev.drover.api.v1alpha1.StartAt;
import dev.drover.wire.replay.JournalEntry;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Replays of single records from the source: each a Redrive of one, since the operator itself talks
 * to no database. It goes with the FailedRecord that asked for it. As each has a pod of its own,
 * there are a few of a Migration at a time. Thread-safe.
 */
final class SourceReplays {
  /** Redrives of single records that a Migration has at a time. */
  static final int MOST = 4;

  /** Who waits for room does not look at all of them so soon after another has. */
  private static final Duration FULL = Duration.ofSeconds(2);

  private static final int CONFLICT = 409;

  /** What is told of a record whose row is read when there is room. */
  static final String WAITS =
      "waits until fewer than %d rows are read for records of its Migration".formatted(MOST);

  private static final Pattern GENERATION = Pattern.compile("-g([0-9]{1,18})-[0-9]{1,18}");

  private final KubernetesClient client;
  private final Map<String, Long> full = new HashMap<>();

  SourceReplays(KubernetesClient client) {
    this.client = client;
  }

  /** What is known of a replay. */
  sealed interface Standing {
    /** It goes on; the message tells how far it is. */
    record UnderWay(String message) implements Standing {}

    /** Nothing was sent. */
    record Refused(String reason, String message) implements Standing {}
  }

  /** Whether a FailedRecord asks for its row to be read again. */
  static boolean wants(FailedRecord resource) {
    return resource.getSpec().startAt() == StartAt.Source;
  }

  /** The name of the Redrive that one generation of a FailedRecord asks for, for one message. */
  static String name(FailedRecord resource, long sequence) {
    return "%s-g%d-%d"
        .formatted(
            resource.getMetadata().getName(), resource.getMetadata().getGeneration(), sequence);
  }

  /** The generation that asked, if a Redrive of the journal is a FailedRecord's own. */
  static @Nullable Long generation(FailedRecord resource, JournalEntry.By by) {
    String name = resource.getMetadata().getName();
    if (!by.kind().equals(HasMetadata.getKind(Redrive.class)) || !by.name().startsWith(name)) {
      return null;
    }
    Matcher rest = GENERATION.matcher(by.name().substring(name.length()));
    return rest.matches() ? Long.valueOf(rest.group(1)) : null;
  }

  /**
   * The row of the source that a FailedRecord asks to be shown, by a Redrive of one that sends
   * nothing.
   *
   * @param sequence the message that the resource shows
   * @return of the result {@code Reading} until it is read
   */
  SourceRow show(FailedRecord resource, String migration, long sequence, Instant now) {
    int request = Objects.requireNonNull(resource.getSpec().showSource(), "has a default");
    String name = "%s-s%d-%d".formatted(resource.getMetadata().getName(), request, sequence);
    Redrive redrive = findOrCreate(resource, migration, name, sequence, true);
    if (redrive == null) {
      return SourceRows.reading(resource, WAITS, now);
    }
    if (!isOf(resource, redrive)) {
      Standing.Refused taken = taken(name);
      String made = redrive.getMetadata().getCreationTimestamp();
      return new SourceRow(request, made, taken.reason(), taken.message(), null);
    }
    RedriveStatus status = redrive.getStatus();
    return status == null || status.completionTime() == null
        ? SourceRows.reading(resource, "it is" + by(name, status), now)
        : SourceRows.of(request, status);
  }

  private static String by(String name, @Nullable RedriveStatus status) {
    String how = status == null ? "" : complete(status);
    return " read by Redrive " + name + (how.isEmpty() ? "" : ", which " + how);
  }

  private static String complete(RedriveStatus status) {
    return status.conditions().stream()
        .filter(c -> c.type().equals("Complete"))
        .findFirst()
        .map(Condition::message)
        .orElse("");
  }

  /**
   * Asks for what a FailedRecord asks for, unless that was done, and looks how it stands. What was
   * sent is told by the journal, not here.
   *
   * @param sequence the message that the resource shows
   */
  Standing ask(FailedRecord resource, String migration, long sequence) {
    String name = name(resource, sequence);
    Redrive redrive = findOrCreate(resource, migration, name, sequence, false);
    if (redrive != null && !isOf(resource, redrive)) {
      return taken(name);
    }
    if (redrive == null) {
      return new Standing.UnderWay("its row is read again later: " + WAITS);
    }
    return redrive.getStatus() == null
        ? new Standing.UnderWay("its row is read again by Redrive " + name)
        : standing(name, redrive.getStatus());
  }

  /** Null while there is no room for it. */
  private @Nullable Redrive findOrCreate(
      FailedRecord resource, String migration, String name, long sequence, boolean dryRun) {
    Redrive redrive = find(resource, name);
    if (redrive == null
        && createIfRoom(redrive(resource, migration, name, sequence, dryRun), migration)) {
      redrive = find(resource, name);
    }
    return redrive;
  }

  /** One at a time, so that each counts what the one before has made. */
  private synchronized boolean createIfRoom(Redrive redrive, String migration) {
    String place = redrive.getMetadata().getNamespace() + "/" + migration;
    Long since = full.get(place);
    if (since != null && System.nanoTime() - since < FULL.toNanos()) {
      return false;
    }
    if (underWay(redrive.getMetadata().getNamespace(), migration) >= MOST) {
      full.put(place, System.nanoTime());
      return false;
    }
    full.remove(place);
    create(redrive);
    return true;
  }

  private long underWay(String namespace, String migration) {
    return client.resources(Redrive.class).inNamespace(namespace).list().getItems().stream()
        .filter(r -> migration.equals(r.getSpec().migrationName()))
        .filter(r -> r.getStatus() == null || r.getStatus().completionTime() == null)
        .filter(SourceReplays::isOfOne)
        .count();
  }

  private static boolean isOfOne(Redrive redrive) {
    return redrive.getMetadata().getOwnerReferences().stream()
        .anyMatch(owner -> owner.getKind().equals(HasMetadata.getKind(FailedRecord.class)));
  }

  private static Standing.Refused taken(String name) {
    return new Standing.Refused(
        "NameTaken",
        "there is a Redrive %s that is not this record's: delete it, and raise spec.attempt or spec.showSource"
            .formatted(name));
  }

  private static Standing standing(String name, RedriveStatus status) {
    String message = complete(status);
    if (status.completionTime() == null || status.sent() + status.skipped() > 0) {
      return new Standing.UnderWay(
          "its row is read again by Redrive %s, which %s".formatted(name, message));
    }
    Optional<RedriveStatus.Refusal> why = status.refusals().stream().findFirst();
    return new Standing.Refused(
        why.map(RedriveStatus.Refusal::code).orElse(Answer.REFUSED),
        why.map(RedriveStatus.Refusal::message).orElse(message));
  }

  private @Nullable Redrive find(FailedRecord resource, String name) {
    return client
        .resources(Redrive.class)
        .inNamespace(resource.getMetadata().getNamespace())
        .withName(name)
        .get();
  }

  private static boolean isOf(FailedRecord resource, Redrive redrive) {
    return redrive.getMetadata().getOwnerReferences().stream()
        .anyMatch(owner -> Objects.equals(owner.getUid(), resource.getMetadata().getUid()));
  }

  private void create(Redrive redrive) {
    try {
      client.resource(redrive).create();
    } catch (KubernetesClientException e) {
      if (e.getCode() != CONFLICT) {
        throw e;
      }
    }
  }

  private static Redrive redrive(
      FailedRecord resource, String migration, String name, long sequence, boolean dryRun) {
    Redrive redrive = new Redrive();
    redrive.setMetadata(
        new ObjectMetaBuilder()
            .withName(name)
            .withNamespace(resource.getMetadata().getNamespace())
            .addNewOwnerReference()
            .withApiVersion(resource.getApiVersion())
            .withKind(resource.getKind())
            .withName(resource.getMetadata().getName())
            .withUid(resource.getMetadata().getUid())
            .withController(true)
            .endOwnerReference()
            .build());
    redrive.setSpec(
        new RedriveSpec(
            migration,
            // By its message alone: a key may be of a person.
            new RedriveSpec.Selector(
                RecordNames.stage(resource),
                null,
                null,
                null,
                null,
                null,
                null,
                List.of(sequence),
                null),
            RedriveSpec.Action.Replay,
            StartAt.Source,
            resource.getSpec().reason(),
            null,
            null,
            null,
            null,
            null,
            dryRun,
            false));
    return redrive;
  }
}
