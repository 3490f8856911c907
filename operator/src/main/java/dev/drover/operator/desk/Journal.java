package dev.drover.operator.desk;

import dev.drover.operator.chain.NatsLink;
import dev.drover.wire.batch.BatchId;
import dev.drover.wire.names.ChainNames;
import dev.drover.wire.replay.JournalBlock;
import dev.drover.wire.replay.JournalEntry;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;

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
    return link.call(
        "read the journal of failed record " + errorSequence,
        nats -> new dev.drover.wire.replay.Journal(nats, names).entry(errorSequence));
  }

  /**
   * Writes what is asked for a record, unless something was asked before.
   *
   * @param entry makes the entry for the record's block as it is
   * @return what holds: the entry, or the one that was there
   */
  JournalEntry write(
      long errorSequence, Function<dev.drover.wire.replay.Journal.Page, JournalEntry> entry) {
    return link.call(
        "write the journal of failed record " + errorSequence,
        nats -> {
          var journal = new dev.drover.wire.replay.Journal(nats, names);
          while (true) {
            Optional<JournalEntry> before = journal.entry(errorSequence);
            if (before.isPresent()) {
              return before.get();
            }
            var page = journal.page(JournalBlock.of(errorSequence));
            JournalEntry mine = entry.apply(page);
            if (!page.has(errorSequence) && journal.append(page, mine)) {
              return mine;
            }
          }
        });
  }

  /**
   * Which records of a batch that a stage has set aside were taken up, by their index in it.
   *
   * @param first error sequence that none of their messages comes before
   * @param last error sequence that none of them comes after
   */
  Set<String> taken(String stage, BatchId batch, long first, long last) {
    return link.call(
        "read the journal of batch " + batch,
        nats -> {
          var journal = new dev.drover.wire.replay.Journal(nats, names);
          Set<String> taken = new HashSet<>();
          for (long block = JournalBlock.of(first); block <= JournalBlock.of(last); block++) {
            journal.entries(block).stream()
                .filter(entry -> entry.stage().equals(stage))
                .forEach(entry -> taken.addAll(entry.setAsideFrom(batch)));
          }
          return taken;
        });
  }
}
