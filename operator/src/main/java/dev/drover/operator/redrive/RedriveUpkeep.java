package dev.drover.operator.redrive;

import dev.drover.api.v1alpha1.Migration;
import dev.drover.api.v1alpha1.Redrive;
import dev.drover.api.v1alpha1.RedriveStatus;
import dev.drover.operator.chain.ChainRef;
import dev.drover.operator.chain.ChainUnavailableException;
import dev.drover.operator.chain.NatsLink;
import dev.drover.operator.privacy.Redaction;
import dev.drover.operator.workload.RedriveJob;
import dev.drover.operator.workload.Workloads;
import dev.drover.wire.replay.RedriveProgress;
import dev.drover.wire.state.StateStore;
import dev.drover.wire.state.WireJson;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;
import io.nats.client.api.KeyValueEntry;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Looks after what Redrives leave behind: the samples of those that have ended show what their
 * Migration lets be shown now, those that are gone are brought to their end, and nothing of them
 * stays in the state bucket. Called with each visit to a Migration; what it remembers only spares
 * it from looking. Thread-safe.
 */
public final class RedriveUpkeep {
  private static final Logger LOG = LoggerFactory.getLogger(RedriveUpkeep.class);
  private static final Duration BETWEEN_SWEEPS = Duration.ofMinutes(5);

  /** While a Redrive that was deleted is not at its end. */
  private static final Duration SOON = Duration.ofSeconds(10);

  private static final int CONFLICT = 409;
  private static final int NOT_FOUND = 404;

  private final NatsLink link;
  private final KubernetesClient client;
  private final Withdrawals withdrawals;
  private final InstantSource clock;
  private final PatchContext apply =
      new PatchContext.Builder()
          .withPatchType(PatchType.SERVER_SIDE_APPLY)
          .withFieldManager(RedriveController.FIELD_MANAGER)
          .withForce(true)
          .build();

  /** The generation of a Migration by which samples were shown last, by its uid. */
  private final Map<String, Long> shown = new ConcurrentHashMap<>();

  /** When to look next for what deleted Redrives left, by the Migration's uid. */
  private final Map<String, Instant> due = new ConcurrentHashMap<>();

  /** Uids of Migrations of which it was told that something could not be done. */
  private final Set<String> refusing = ConcurrentHashMap.newKeySet();

  /** Over the operator's connections. */
  public RedriveUpkeep(
      NatsLink link,
      KubernetesClient client,
      Workloads workloads,
      RedriveJob jobs,
      InstantSource clock) {
    this.link = link;
    this.client = client;
    this.withdrawals = new Withdrawals(link, client, workloads, jobs);
    this.clock = clock;
  }

  /**
   * Looks whether anything is to do for a Migration.
   *
   * @throws dev.drover.operator.chain.ChainUnavailableException if NATS is away or refuses
   */
  public void sync(Migration migration, ChainRef ref) {
    Long generation = migration.getMetadata().getGeneration();
    if (!generation.equals(shown.get(ref.uid()))) {
      Redaction redaction = Redaction.of(migration.getSpec());
      redrives(ref).stream()
          .filter(r -> r.getSpec().migrationName().equals(ref.name()))
          .filter(RedriveStatuses::ended)
          .filter(r -> !r.getStatus().samples().isEmpty())
          .forEach(r -> show(ref, r, redaction));
      shown.put(ref.uid(), generation);
    }
    Instant now = clock.instant();
    Instant next = due.get(ref.uid());
    if (next == null || !now.isBefore(next)) {
      // First: what cannot be done now is not tried at every visit.
      due.put(ref.uid(), now.plus(BETWEEN_SWEEPS));
      tell(ref, sweep(migration, ref, now));
    }
  }

  /** Once, until all could be done again. */
  private void tell(ChainRef ref, Optional<ChainUnavailableException> refused) {
    if (refused.isEmpty()) {
      refusing.remove(ref.uid());
    } else if (refusing.add(ref.uid())) {
      LOG.warn(
          "what deleted Redrives of {}/{} left stays for now, it is tried again every {} minutes: {}",
          ref.namespace(),
          ref.name(),
          BETWEEN_SWEEPS.toMinutes(),
          refused.get().getMessage());
    }
  }

  /** Forgets a Migration that is gone. */
  public void forget(String uid) {
    shown.remove(uid);
    due.remove(uid);
    refusing.remove(uid);
  }

  private Optional<ChainUnavailableException> sweep(
      Migration migration, ChainRef ref, Instant now) {
    Leftovers leftovers = new Leftovers(link, ref.names());
    Set<String> kept = leftovers.uids();
    if (kept.isEmpty()) {
      return Optional.empty();
    }
    // After the keys: a Redrive exists before it has any.
    Set<String> there =
        redrives(ref).stream().map(r -> r.getMetadata().getUid()).collect(Collectors.toSet());
    List<String> gone = kept.stream().filter(uid -> !there.contains(uid)).toList();
    List<String> over =
        gone.stream().filter(uid -> withdrawals.isOver(migration, ref.names(), uid)).toList();
    if (over.size() < gone.size()) {
      due.put(ref.uid(), now.plus(SOON));
    }
    return leftovers.remove(over, now);
  }

  private List<Redrive> redrives(ChainRef ref) {
    return client.resources(Redrive.class).inNamespace(ref.namespace()).list().getItems();
  }

  private void show(ChainRef ref, Redrive redrive, Redaction redaction) {
    RedriveStatus status = RedriveStatuses.shown(redrive, progress(ref, redrive), redaction);
    if (status.equals(redrive.getStatus())) {
      return;
    }
    Redrive patch = new Redrive();
    patch.setMetadata(
        new ObjectMetaBuilder()
            .withName(redrive.getMetadata().getName())
            .withNamespace(redrive.getMetadata().getNamespace())
            .withUid(redrive.getMetadata().getUid())
            .build());
    patch.setStatus(status);
    try {
      client.resource(patch).subresource("status").patch(apply);
    } catch (KubernetesClientException e) {
      if (e.getCode() != CONFLICT && e.getCode() != NOT_FOUND) { // deleted, perhaps made anew
        throw e;
      }
    }
  }

  private Optional<RedriveProgress> progress(ChainRef ref, Redrive redrive) {
    return link.call(
        "read what Redrive " + redrive.getMetadata().getName() + " found",
        nats -> {
          KeyValueEntry told =
              StateStore.open(nats, ref.names())
                  .bucket()
                  .get(RedriveProgress.key(redrive.getMetadata().getUid()));
          return told == null || told.getValue() == null
              ? Optional.<RedriveProgress>empty()
              : Optional.of(WireJson.parse(told.getValue(), RedriveProgress.class));
        });
  }
}
