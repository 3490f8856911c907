package dev.drover.operator.chain;

import dev.drover.api.v1alpha1.MigrationSpec;
import java.util.Objects;
import java.util.Optional;
import java.util.function.IntSupplier;
import java.util.function.Supplier;

/**
 * Whether queues are safe with the NATS server that the operator is connected to. That is one of
 * perhaps several: the others may be older or newer. What it told of itself when the connection was
 * made is known, so asking costs nothing.
 */
final class ServerCheck {
  private final Supplier<String> version;

  /** With what tells the server's version; empty if that is not known. */
  ServerCheck(Supplier<String> version) {
    this.version = version;
  }

  /** What may happen to queues and what to do against it; empty if they are safe. */
  Optional<String> danger(MigrationSpec.Queues queues) {
    int replicas = Objects.requireNonNull(queues.replicas());
    return lossy()
        .filter(v -> replicas > 1)
        .map(
            v ->
                ("NATS %s may lose batches where spec.queues.replicas is above 1, as here (%d): a server that starts again"
                        + " may empty its copy of a queue of what the slower of two readers has not had;"
                        + " update the NATS servers to %s, or set spec.queues.replicas to 1")
                    .formatted(v, replicas, LossyVersions.SAFE));
  }

  /**
   * How the server may have lost the batches of a queue; empty if it does not do that.
   *
   * @param replicas how often the queue is kept; asked for only where it matters
   */
  Optional<String> culprit(IntSupplier replicas) {
    return lossy()
        .filter(v -> replicas.getAsInt() > 1)
        .map(
            v ->
                "NATS %s lost them when one of its servers started again, as it may where spec.queues.replicas is above 1: update the NATS servers to %s"
                    .formatted(v, LossyVersions.SAFE));
  }

  private Optional<String> lossy() {
    return Optional.of(version.get()).filter(LossyVersions::contain);
  }
}
