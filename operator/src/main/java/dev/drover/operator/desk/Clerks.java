package dev.drover.operator.desk;

import dev.drover.operator.chain.ChainRef;
import dev.drover.operator.chain.NatsLink;
import java.time.InstantSource;

/**
 * Makes the clerks of chains, over what all of them share. Thread-safe.
 *
 * @param searches what was found out in the error queues so far
 */
record Clerks(
    NatsLink link,
    Schemas schemas,
    SourceReplays sources,
    Requester requester,
    Searches searches,
    InstantSource clock) {

  /** The clerk of a chain, who shows as much as may be shown of it. */
  RecordClerk of(ChainRef ref, SeenMigrations.Seen seen) {
    return new RecordClerk(link, ref, schemas, sources, requester, searches, seen, clock);
  }
}
