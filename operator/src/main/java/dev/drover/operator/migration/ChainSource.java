package dev.drover.operator.migration;

import dev.drover.operator.chain.Chain;
import dev.drover.operator.chain.ChainRef;

/** Where the chains of Migrations come from. Thread-safe. */
public interface ChainSource {
  /** The chain of a Migration; asks NATS nothing. */
  Chain of(ChainRef ref);

  /** The Migration is gone: what was kept in memory of its chain can go too. */
  void forget(ChainRef ref);
}
