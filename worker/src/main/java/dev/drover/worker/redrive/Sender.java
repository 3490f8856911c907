package dev.drover.worker.redrive;

import dev.drover.wire.decision.Decision;
import dev.drover.wire.failure.Correction.RefusedException;
import dev.drover.wire.failure.QueuedFailure;
import dev.drover.wire.replay.Change;
import dev.drover.wire.replay.Journal;
import dev.drover.wire.replay.JournalEntry;
import dev.drover.wire.replay.RedriveOrder;
import dev.drover.wire.replay.RenewedRows;
import dev.drover.wire.replay.RetryBatch;
import dev.drover.worker.stage.DecisionLog;
import dev.drover.worker.stage.ErrorScan;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Sends records again: first the journal, then the message. What the journal has is sent again
 * after a crash, under the same name and with the same bytes. Used by one thread.
 */
final class Sender {
  /** Between two looks whether a decision is there yet. */
  private static final long LOOK_MILLIS = 1000;

  private static final int LOOKS = 3;

  private final RedriveContext context;
  private final DecisionLog decisions;
  private final RowChanges changes;
  private final RenewedStore renewed;
  private final Remains remains;

  Sender(RedriveContext context, DecisionLog decisions, RowChanges changes, RenewedStore renewed) {
    this.renewed = renewed;
    this.context = context;
    this.decisions = decisions;
    this.changes = changes;
    this.remains = new Remains(context, decisions);
  }

  /**
   * Claims those records of a group that nobody has, and sends them.
   *
   * @param group of one block, stage and schema; not empty
   * @return their entry; empty if somebody else has all of them
   */
  Optional<JournalEntry> send(long block, Group group, RedriveOrder order)
      throws InterruptedException {
    Group wanted = group;
    while (true) {
      Journal.Page page = page(block);
      wanted = wanted.only(failure -> !page.has(failure.sequence()));
      if (wanted.isEmpty()) {
        return Optional.empty();
      }
      Optional<RenewedRows> rows = wanted.renewed();
      // Before the claim: what the journal has can be sent, also by who cannot read the source.
      String key = rows.isPresent() ? renewed.keep(rows.get()) : null;
      JournalEntry entry = entry(wanted, page, order, key);
      if (append(page, entry) || isThere(entry)) {
        if (rows.isPresent()) {
          publish(entry, wanted.failures(), rows.get());
        } else {
          publish(entry, wanted.failures(), wanted.rows());
        }
        return Optional.of(entry);
      }
      if (key != null) {
        renewed.forget(key);
      }
    }
  }

  /** Which records of a block are taken. */
  Journal.Page page(long block) throws InterruptedException {
    return context.patience().ask("read the journal", () -> context.journal().page(block));
  }

  private boolean append(Journal.Page page, JournalEntry entry) throws InterruptedException {
    return context.patience().ask("write the journal", () -> context.journal().append(page, entry));
  }

  /** An attempt whose answer was lost may have written it. */
  private boolean isThere(JournalEntry entry) throws InterruptedException {
    return context
        .patience()
        .ask("read the journal", () -> context.journal().entries(entry.block()))
        .contains(entry);
  }

  private JournalEntry entry(
      Group group, Journal.Page page, RedriveOrder order, @Nullable String renewedBy) {
    JournalEntry entry =
        JournalEntry.of(
            order.action(),
            group.failures(),
            page,
            order.change(),
            order.by(),
            context.clock().instant().toString());
    return renewedBy == null ? entry : entry.renewedBy(renewedBy);
  }

  /** Does once more what the journal says, unless it is decided: its message may be lost. */
  void sendAgain(JournalEntry entry) throws InterruptedException {
    if (entry.renewed() != null) {
      sendRenewedAgain(entry, entry.renewed());
      return;
    }
    Optional<List<QueuedFailure>> undecided = undecided(entry);
    if (undecided.isEmpty()) {
      return;
    }
    List<QueuedFailure> failures = remains.of(entry, undecided.get());
    List<byte[]> rows = new ArrayList<>();
    for (QueuedFailure failure : failures) {
      rows.add(row(entry, failure));
    }
    if (!failures.isEmpty()) {
      publish(entry, failures, rows);
    }
  }

  /**
   * The records of an entry, all of them, unless it is decided, or on its way. Whoever takes some
   * out of the queue has seen the decision before, so where some lack there is one now; if there is
   * none, somebody has deleted messages by hand.
   *
   * @return empty if nothing is to be sent
   */
  private Optional<List<QueuedFailure>> undecided(JournalEntry entry) throws InterruptedException {
    List<QueuedFailure> found = List.of();
    for (int look = 0; look < LOOKS; look++) {
      if (decisions.find(entry.stage(), entry.batch()).isPresent()) {
        return Optional.empty();
      }
      found = read(entry);
      if (found.size() == entry.sequences().size()) {
        return Optional.of(found);
      }
      Thread.sleep(LOOK_MILLIS);
    }
    // In this order: what has left the stage's retries is decided.
    boolean sent = remains.isOnItsWay(entry);
    return sent || decisions.find(entry.stage(), entry.batch()).isPresent()
        ? Optional.empty()
        : Optional.of(found);
  }

  /**
   * What an extract had set aside is decided by who sends it, and may still lack its message: as
   * long as its rows are kept, it is sent.
   */
  private void sendRenewedAgain(JournalEntry entry, String key) throws InterruptedException {
    Optional<RenewedRows> rows = renewed.of(key);
    if (rows.isEmpty()) {
      return;
    }
    if (rows.get().fromExtract()) {
      sendOn(entry, rows.get());
      return;
    }
    Optional<List<QueuedFailure>> failures = undecided(entry);
    if (failures.isPresent()) {
      publish(entry, failures.get(), rows.get());
    }
  }

  private byte[] row(JournalEntry entry, QueuedFailure failure) throws InterruptedException {
    if (entry.action() == JournalEntry.Action.waive) {
      return new byte[0];
    }
    try {
      Change change = entry.change();
      return changes.of(change, failure).apply(failure);
    } catch (RefusedException e) {
      throw new IllegalStateException(
          "the journal of failed record " + failure.sequence() + " holds a change that is refused",
          e);
    }
  }

  /** Nobody takes a record out of the queue before it is decided, so all of them are there. */
  private List<QueuedFailure> read(JournalEntry entry) throws InterruptedException {
    List<Long> sequences = entry.sequences();
    List<QueuedFailure> found = new ArrayList<>();
    try (ErrorScan scan =
        new ErrorScan(
            context.nats(),
            context.names(),
            context.patience(),
            List.of(context.names().errorSubject(entry.stage(), "*")),
            sequences.getFirst(),
            sequences.getLast(),
            ErrorScan.Witness.NONE)) {
      for (List<QueuedFailure> some = scan.next(); !some.isEmpty(); some = scan.next()) {
        some.stream().filter(failure -> entry.has(failure.sequence())).forEach(found::add);
      }
    }
    return found;
  }

  private void publish(JournalEntry entry, List<QueuedFailure> failures, RenewedRows rows)
      throws InterruptedException {
    if (rows.fromExtract()) {
      sendOn(entry, rows);
    } else {
      send(context.names().retrySubject(entry.stage()), RetryBatch.of(entry, failures, rows));
    }
  }

  /** Into the queue of the extract that had set the records aside. */
  private void sendOn(JournalEntry entry, RenewedRows rows) throws InterruptedException {
    int records = entry.sequences().size();
    // The promise first: who counts never finds more decided than was promised.
    decisions.decide(entry.stage(), RetryBatch.readAgain(entry, rows, records));
    RetryBatch output = RetryBatch.output(entry, rows, records);
    send(context.names().queueSubject(entry.stage(), output.headers().id().text()), output);
  }

  private void publish(JournalEntry entry, List<QueuedFailure> failures, List<byte[]> rows)
      throws InterruptedException {
    if (entry.action() == JournalEntry.Action.waive) {
      Decision waiver = RetryBatch.waiver(entry, failures.getFirst().detail().revision());
      decisions.decide(entry.stage(), waiver);
      return;
    }
    send(context.names().retrySubject(entry.stage()), RetryBatch.of(entry, failures, rows));
  }

  private void send(String subject, RetryBatch batch) throws InterruptedException {
    context
        .publisher()
        .publish(subject, batch.headers().toHeaders(), batch.body(), batch.headers().id().text());
  }
}
