package dev.drover.operator.migration;

import dev.drover.api.v1alpha1.Migration;
import dev.drover.operator.chain.ChainRef;

/** What shows a Migration's failed records as resources; called at visits once queues exist. */
@FunctionalInterface
public interface FailureWindow {
  /**
   * Brings what is shown nearer to what there is.
   *
   * @param busy whether the chain moves records
   * @throws dev.drover.operator.chain.ChainUnavailableException if NATS is away or refuses
   */
  void sync(Migration migration, ChainRef chain, boolean busy);

  /** Whether none of a Migration's failed records is shown, so that there is none to take away. */
  default boolean empty(ChainRef chain) {
    return false;
  }

  /**
   * Looks after what stays when nothing fails any more; called at every visit, whatever is shown.
   *
   * @throws dev.drover.operator.chain.ChainUnavailableException if NATS is away or refuses
   */
  default void upkeep(Migration migration, ChainRef chain) {}

  /** Forgets a Migration that is gone, by its uid. */
  default void forget(String uid) {}
}
