package dev.drover.operator.desk;

import dev.drover.operator.chain.NatsLink;
import dev.drover.wire.names.ChainNames;
import dev.drover.wire.state.WireJson;
import io.nats.client.api.MessageGetRequest;
import java.util.Optional;

/** What was asked for the failed records of one chain: each error sequence at most once, ever. */
final class Journal {
  private final NatsLink link;
  private final ChainNames names;

  Journal(NatsLink link, ChainNames names) {
    this.link = link;
    this.names = names;
  }

  /** What was asked for a record, if anything was. */
  Optional<JournalEntry> entry(long errorSequence) {
    return link.message(
            "read the journal of failed record " + errorSequence,
            names.journalStream(),
            MessageGetRequest.lastForSubject(names.journalSubject(errorSequence)))
        .map(message -> WireJson.parse(message.getData(), JournalEntry.class));
  }

  /**
   * Writes what is asked for a record.
   *
   * @return false if something was asked before; then that holds
   */
  boolean write(long errorSequence, JournalEntry entry) {
    return link.publishFirst(
        "write the journal of failed record " + errorSequence,
        names.journalSubject(errorSequence),
        null,
        WireJson.bytes(entry));
  }
}
