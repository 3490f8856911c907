package dev.drover.operator.chain;

import java.time.InstantSource;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Supplier;

/** The chains of all migrations, over one connection. Thread-safe. */
public final class Chains {
  private final NatsLink link;
  private final InstantSource clock;
  private final ServerCheck server;
  private final Map<ChainRef, NatsChain> chains = new ConcurrentHashMap<>();

  /** Chains over a connection, by the system's clock. */
  public Chains(NatsLink link) {
    this(link, InstantSource.system(), link::serverVersion);
  }

  /** Chains over a connection, by a clock of the caller's, to a server of a version. */
  Chains(NatsLink link, InstantSource clock, Supplier<String> version) {
    this.link = link;
    this.clock = clock;
    server = new ServerCheck(version);
  }

  /** The chain of a migration; asks NATS nothing. */
  public Chain of(ChainRef ref) {
    return chains.computeIfAbsent(ref, r -> new NatsChain(link, r.names(), clock, server));
  }

  /** Forgets what was read of a chain, after its migration is gone; nothing in NATS changes. */
  public void forget(ChainRef ref) {
    NatsChain gone = chains.remove(ref);
    if (gone != null) {
      gone.forget();
    }
  }
}
