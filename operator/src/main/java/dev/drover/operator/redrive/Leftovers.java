package dev.drover.operator.redrive;

import dev.drover.operator.chain.ChainUnavailableException;
import dev.drover.operator.chain.NatsLink;
import dev.drover.wire.decision.Decision;
import dev.drover.wire.names.ChainNames;
import dev.drover.wire.replay.Journal;
import dev.drover.wire.replay.JournalEntry;
import dev.drover.wire.replay.RenewedRows;
import dev.drover.wire.replay.RetryBatch;
import dev.drover.wire.state.StateStore;
import dev.drover.wire.state.WireJson;
import io.nats.client.JetStreamApiException;
import io.nats.client.PublishOptions;
import io.nats.client.api.KeyValueEntry;
import io.nats.client.api.MessageGetRequest;
import java.time.Duration;
import java.time.Instant;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * What Redrives have in a chain's state bucket, and what of it may go when they were deleted. Rows
 * that the journal names are the only copy of a batch that may not have been sent yet: they stay
 * until the batch is decided, for whoever sends it. A call that was cut short anywhere is made
 * whole by the next.
 */
final class Leftovers {
  private static final String ALL = "redrive.>";

  /** Longer than a worker whose Redrive was deleted can live, and between claim and message. */
  private static final Duration SURELY_LEFT = Duration.ofMinutes(10);

  private final NatsLink link;
  private final ChainNames names;

  Leftovers(NatsLink link, ChainNames names) {
    this.link = link;
    this.names = names;
  }

  /** Uids of the Redrives that have anything in the bucket. */
  Set<String> uids() {
    return keys(ALL).stream().map(key -> key.split("\\.", 4)[1]).collect(Collectors.toSet());
  }

  /**
   * Removes what may go of Redrives that are gone.
   *
   * @return why something of one of them could not be done yet, as when a queue is full; the others
   *     are done all the same
   */
  Optional<ChainUnavailableException> remove(Collection<String> uids, Instant now) {
    ChainUnavailableException refused = null;
    List<JournalEntry> journal = null;
    for (String uid : uids) {
      List<String> keys = keys("redrive." + uid + ".>");
      if (!keys.stream().allMatch(key -> isOld(key, now))) {
        continue;
      }
      Set<String> rows = new HashSet<>(keys(RenewedRows.keys(uid)));
      if (!rows.isEmpty() && journal == null) {
        journal = journal();
      }
      try {
        remove(keys, rows, journal == null ? List.of() : journal);
      } catch (ChainUnavailableException e) {
        if (!(e.getCause() instanceof JetStreamApiException)) { // the next would wait in vain too
          throw e;
        }
        refused = refused == null ? e : refused;
      }
    }
    return Optional.ofNullable(refused);
  }

  private void remove(List<String> keys, Set<String> rows, List<JournalEntry> journal) {
    boolean all = true;
    for (String key : rows) {
      boolean free = isFree(key, journal);
      if (free) {
        delete(key);
      }
      all &= free;
    }
    if (all) {
      keys.stream().filter(key -> !rows.contains(key)).forEach(this::delete);
    }
  }

  /** Whether nobody will ask for some rows any more. */
  private boolean isFree(String key, List<JournalEntry> journal) {
    Optional<JournalEntry> entry =
        journal.stream().filter(e -> key.equals(e.renewed())).findFirst();
    if (entry.isEmpty()) {
      return true; // they were made for a claim that failed
    }
    Optional<RenewedRows> rows = entry(key).map(value -> RenewedRows.parse(value.getValue()));
    if (rows.isPresent() && rows.get().fromExtract()) {
      sendOn(entry.get(), rows.get());
      return true;
    }
    return isDecided(entry.get());
  }

  /**
   * What an extract had set aside is decided by who sends it, so that its decision does not tell
   * whether it was sent. A second copy is harmless.
   */
  private void sendOn(JournalEntry entry, RenewedRows rows) {
    int records = entry.sequences().size();
    String what = "send on what a deleted Redrive read again";
    Decision decision = RetryBatch.readAgain(entry, rows, records);
    link.publishFirst(
        what,
        names.decisionSubject(entry.stage(), decision.batch()),
        decision.toHeaders(entry.stage()),
        WireJson.bytes(decision));
    RetryBatch output = RetryBatch.output(entry, rows, records);
    String id = output.headers().id().text();
    link.run(
        what,
        nats ->
            nats.jetStream()
                .publish(
                    names.queueSubject(entry.stage(), id),
                    output.headers().toHeaders(),
                    output.body(),
                    PublishOptions.builder().messageId(id).build()));
  }

  private boolean isDecided(JournalEntry entry) {
    return link.message(
            "read what stage " + entry.stage() + " decided",
            names.decisionsStream(),
            MessageGetRequest.lastForSubject(
                names.decisionSubject(entry.stage(), entry.batch().text())))
        .isPresent();
  }

  private boolean isOld(String key, Instant now) {
    return entry(key)
        .map(e -> e.getCreated().toInstant().plus(SURELY_LEFT).isBefore(now))
        .orElse(true);
  }

  private List<JournalEntry> journal() {
    return link.call("read the journal", nats -> new Journal(nats, names).entries());
  }

  private List<String> keys(String pattern) {
    return link.call(
        "list what Redrives left", nats -> StateStore.open(nats, names).bucket().keys(pattern));
  }

  private Optional<KeyValueEntry> entry(String key) {
    return link.call(
        "read what a Redrive left",
        nats ->
            Optional.ofNullable(StateStore.open(nats, names).bucket().get(key))
                .filter(e -> e.getValue() != null));
  }

  private void delete(String key) {
    link.run(
        "remove what a Redrive left", nats -> StateStore.open(nats, names).bucket().purge(key));
  }
}
