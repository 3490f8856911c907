package dev.drover.operator.chain;

import dev.drover.wire.names.ChainNames;

/**
 * Which migration a chain belongs to.
 *
 * @param namespace the Migration's namespace
 * @param name its name
 * @param uid its uid: a Migration that is made again under its old name is another chain
 */
public record ChainRef(String namespace, String name, String uid) {
  /** The names of everything that the chain has in NATS. */
  public ChainNames names() {
    return ChainNames.of(namespace, name, uid);
  }
}
