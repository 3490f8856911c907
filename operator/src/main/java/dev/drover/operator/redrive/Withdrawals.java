package dev.drover.operator.redrive;

import dev.drover.api.v1alpha1.Migration;
import dev.drover.operator.chain.NatsLink;
import dev.drover.operator.workload.RedriveJob;
import dev.drover.operator.workload.Workloads;
import dev.drover.wire.names.ChainNames;
import dev.drover.wire.replay.RedriveOrder;
import dev.drover.wire.replay.RedriveProgress;
import dev.drover.wire.state.StateStore;
import dev.drover.wire.state.WireJson;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.nats.client.api.KeyValueEntry;
import java.util.Optional;

/**
 * Brings Redrives to their end that were deleted in mid-course. What one has claimed nobody else
 * may send, and what is decided of it leaves the error queue by its own worker; so a worker without
 * a resource does that, and claims nothing more. Thread-safe.
 */
final class Withdrawals {
  private final NatsLink link;
  private final KubernetesClient client;
  private final Workloads workloads;
  private final RedriveJob jobs;

  Withdrawals(NatsLink link, KubernetesClient client, Workloads workloads, RedriveJob jobs) {
    this.link = link;
    this.client = client;
    this.workloads = workloads;
    this.jobs = jobs;
  }

  /**
   * Does what is to be done next for a Redrive that is gone.
   *
   * @return whether all that it claimed has come to its end, if it claimed anything
   * @throws dev.drover.operator.chain.ChainUnavailableException if NATS is away or refuses
   */
  boolean isOver(Migration migration, ChainNames names, String uid) {
    Optional<Job> job = job(migration, uid);
    Optional<RedriveProgress> progress =
        value(names, RedriveProgress.key(uid), RedriveProgress.class);
    Optional<RedriveOrder> order = value(names, RedriveOrder.key(uid), RedriveOrder.class);
    if (order.isEmpty() || progress.isEmpty() || !hasBegun(progress.get())) {
      job.ifPresent(workloads::delete);
      return true;
    }
    if (!order.get().withdrawn()) {
      put(names, RedriveOrder.key(uid), order.get().asWithdrawn());
    }
    if (job.isEmpty()) {
      workloads.ensureNatsSecret(migration);
      workloads.apply(null, jobs.ofWithdrawn(migration, uid));
    } else if (RedriveJob.ended(job.get())) {
      workloads.delete(job.get()); // it left before it was done: another takes up
    }
    return false;
  }

  /** One that still looks through the error queue has claimed nothing. */
  private static boolean hasBegun(RedriveProgress progress) {
    return progress.phase() != RedriveProgress.Phase.Surveying && !progress.ended();
  }

  private Optional<Job> job(Migration migration, String uid) {
    return Optional.ofNullable(
        client
            .resources(Job.class)
            .inNamespace(migration.getMetadata().getNamespace())
            .withName(RedriveJob.name(migration, uid))
            .get());
  }

  private <T> Optional<T> value(ChainNames names, String key, Class<T> type) {
    return link.call(
        "read what a deleted Redrive left",
        nats -> {
          KeyValueEntry entry = StateStore.open(nats, names).bucket().get(key);
          return entry == null || entry.getValue() == null
              ? Optional.<T>empty()
              : Optional.of(WireJson.parse(entry.getValue(), type));
        });
  }

  private void put(ChainNames names, String key, Object value) {
    link.run(
        "withdraw a deleted Redrive",
        nats -> StateStore.open(nats, names).bucket().put(key, WireJson.bytes(value)));
  }
}
