package dev.drover.worker.redrive;

import dev.drover.wire.decision.Counts;
import dev.drover.wire.failure.Correction.RefusedException;
import dev.drover.wire.failure.QueuedFailure;
import dev.drover.wire.replay.Journal;
import dev.drover.wire.replay.JournalBlock;
import dev.drover.wire.replay.JournalEntry;
import dev.drover.wire.replay.RedriveOrder;
import dev.drover.wire.replay.RedriveProgress;
import dev.drover.wire.replay.RedriveProgress.Phase;
import dev.drover.worker.redrive.Renewal.Renewed;
import dev.drover.worker.redrive.Renewal.Renewed.Ready;
import dev.drover.worker.redrive.Renewal.Renewed.Refused;
import dev.drover.worker.stage.DecisionLog;
import dev.drover.worker.stage.ErrorScan;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Carries out one Redrive to its end. The set is frozen at the error queue's last sequence when it
 * begins. All that it knows it reads from NATS: what it has sent is in the journal, what came of it
 * in the decisions, what is left in the error queue. So it may be killed at any moment, and another
 * goes on where it was.
 */
public final class RedriveWorker {
  private static final Logger LOG = LoggerFactory.getLogger(RedriveWorker.class);

  private final RedriveContext context;
  private final ProgressReport report;
  private final DecisionLog decisions;
  private final RowChanges changes;
  private final Sender sender;
  private final Outcomes outcomes;
  private final Gate gate;
  private final Renewal asItFailed;
  private final FromSource fromSource;
  private final RenewedStore renewed;
  private Refusals refusals = new Refusals();
  private boolean stopped;

  /**
   * A worker of the Redrive that the context names.
   *
   * @param sources where rows are read again, if the Redrive asks for it
   */
  public RedriveWorker(RedriveContext context, DecisionLog decisions, SourceSessions sources)
      throws IOException {
    this.context = context;
    this.decisions = decisions;
    this.report = new ProgressReport(context);
    this.changes = new RowChanges(context);
    this.renewed = new RenewedStore(context);
    this.sender = new Sender(context, decisions, changes, renewed);
    this.outcomes = new Outcomes(decisions, new ErrorRemoval(context), renewed);
    this.asItFailed = new AsItFailed(changes);
    this.fromSource = new FromSource(context, sources);
    sources.tell(report::waits);
    this.gate = new Gate(report::order, outcomes, this::tell, sources::idle);
  }

  /** Asks to come to an end soon; what is not done is done by the next worker. */
  public void stop() {
    gate.leave();
  }

  /** Works until the Redrive is done, or until it is asked to stop. */
  public void run() throws InterruptedException {
    try {
      work();
    } finally {
      fromSource.close();
    }
  }

  private void work() throws InterruptedException {
    RedriveProgress progress = report.begin(decisions.errorsSequence());
    if (progress.ended()) {
      return;
    }
    if (progress.phase() == Phase.Surveying
        && !gate.withdrawn()
        && !survey(progress.lastSequence())) {
      return;
    }
    recover(true);
    outcomes.look(); // or what is told first would be less than what an earlier worker told
    while (!gate.leaving() && !gate.withdrawn()) {
      if (gate.suspended()) {
        fromSource.close();
        outcomes.look();
        if (outcomes.allSettled()) {
          outcomes.takeOutTheRest();
        }
        tell();
        gate.pause();
        continue;
      }
      sendAll();
      fromSource.close();
      outcomes.look();
      if (!gate.suspended() && recover(false) == 0) {
        break;
      }
    }
    awaitOutcomes();
  }

  /** Counts, and tries the change; false if there is nothing to send. */
  private boolean survey(long last) throws InterruptedException {
    RedriveOrder order = report.order();
    try {
      Survey survey = Survey.of(context, order, last, changes, renewal(order));
      report.surveyed(survey);
      if (survey.selected() == 0) {
        report.endUnsent(Phase.Complete, "the selector chooses no record");
      } else if (order.dryRun()) {
        report.endUnsent(Phase.Complete, "nothing was sent: spec.dryRun is true");
      }
      return survey.selected() > 0 && !order.dryRun();
    } catch (RefusedException e) {
      report.endUnsent(Phase.Refused, String.valueOf(e.getMessage()));
      return false;
    }
  }

  private Renewal renewal(RedriveOrder order) {
    return order.sourceRevision() == null ? asItFailed : fromSource;
  }

  /**
   * Takes up what the journal has and this worker does not know of: batches of an earlier worker of
   * this Redrive, and at the start those of others, whose messages may be lost with their worker.
   *
   * @return how many of this Redrive's were found
   */
  private int recover(boolean others) throws InterruptedException {
    int found = 0;
    List<JournalEntry> entries =
        context.patience().ask("read the journal", () -> context.journal().entries());
    for (JournalEntry entry : entries) {
      boolean mine = entry.by().uid().equals(context.uid());
      if (mine && !outcomes.knows(entry)) {
        found++;
        outcomes.follow(entry);
        sender.sendAgain(entry);
      } else if (!mine && others && entry.by().kind().equals("Redrive")) {
        sender.sendAgain(entry);
      }
    }
    LOG.info("{} batches of this Redrive are in the journal", found);
    return found;
  }

  /** Goes once through the set, and sends what nobody has sent. */
  private void sendAll() throws InterruptedException {
    RedriveOrder order = report.order();
    refusals = new Refusals();
    Map<Group.Key, Group> groups = new LinkedHashMap<>();
    List<QueuedFailure> free = new ArrayList<>();
    Journal.@Nullable Page page = null;
    ErrorScan.Witness witness = outcomes.scanBegins(order.selector().firstSequence());
    try (ErrorScan scan = scan(context, order, report.progress().lastSequence(), witness)) {
      for (List<QueuedFailure> some = scan.next(); !some.isEmpty(); some = scan.next()) {
        for (QueuedFailure failure : some) {
          if (!order.selector().chooses(failure)) {
            continue;
          }
          long block = JournalBlock.of(failure.sequence());
          if (page == null || page.block() != block) {
            if (page != null && !(gather(page, groups, free) && sendGroups(page, groups))) {
              return;
            }
            free.clear();
            page = sender.page(block);
          }
          if (!page.has(failure.sequence())) {
            free.add(failure);
          }
        }
        if (page != null && !gather(page, groups, free)) {
          return;
        }
        free.clear();
      }
    }
    if (page != null) {
      sendGroups(page, groups);
    }
  }

  /** The records that an order is about, and few others. */
  static ErrorScan scan(
      RedriveContext context, RedriveOrder order, long last, ErrorScan.Witness witness) {
    return new ErrorScan(
        context.nats(),
        context.names(),
        context.patience(),
        order.selector().subjects(context.names()),
        order.selector().firstSequence(),
        Math.min(last, order.selector().lastSequence()),
        witness);
  }

  /** Makes what is sent of some records, as many at a time as may be in memory. */
  private boolean gather(
      Journal.Page page, Map<Group.Key, Group> groups, List<QueuedFailure> failures)
      throws InterruptedException {
    for (List<QueuedFailure> portion : Portions.of(failures)) {
      if (!gatherPortion(page, groups, portion)) {
        return false;
      }
    }
    return true;
  }

  /** Adds records to their groups, which are sent when full; false if it is time to stop. */
  private boolean gatherPortion(
      Journal.Page page, Map<Group.Key, Group> groups, List<QueuedFailure> failures)
      throws InterruptedException {
    RedriveOrder order = report.order();
    if (order.action() == JournalEntry.Action.waive) {
      for (QueuedFailure failure : failures) {
        if (!add(page, groups, new Ready(failure, new byte[0], null))) {
          return false;
        }
      }
      return true;
    }
    for (Renewed one : renewal(order).of(failures, order)) {
      switch (one) {
        case Refused no -> {
          LOG.debug("failed record {} is left as it is: {}", no.failure().sequence(), no.code());
          refusals.add(no);
        }
        case Ready ready -> {
          if (!add(page, groups, ready)) {
            return false;
          }
        }
      }
    }
    return true;
  }

  /** Adds a record to its group, which is sent first if it is full; false if it is time to stop. */
  private boolean add(Journal.Page page, Map<Group.Key, Group> groups, Ready ready)
      throws InterruptedException {
    Group.Key key = Group.Key.of(ready);
    Group group = groups.computeIfAbsent(key, k -> new Group(k.origin()));
    if (group.isFullFor(ready.row().length, context.batchBytes())) {
      groups.remove(key);
      if (!send(page.block(), group)) {
        return false;
      }
      group = groups.computeIfAbsent(key, k -> new Group(k.origin()));
    }
    group.add(ready.failure(), ready.row());
    return true;
  }

  private boolean sendGroups(Journal.Page page, Map<Group.Key, Group> groups)
      throws InterruptedException {
    for (Group group : groups.values()) {
      if (!send(page.block(), group)) {
        return false;
      }
    }
    groups.clear();
    return true;
  }

  /** Sends a group, in pieces if it must; false if it is time to stop before it is sent. */
  private boolean send(long block, Group group) throws InterruptedException {
    Group rest = group;
    while (!rest.isEmpty()) {
      int some = gate.take(rest.size());
      if (some == 0) {
        stopped = gate.tooManyFailed();
        return false;
      }
      Group now = some == rest.size() ? rest : rest.first(some);
      sender.send(block, now, report.order()).ifPresent(this::sent);
      rest = rest.without(some);
    }
    return true;
  }

  private void sent(JournalEntry entry) {
    outcomes.follow(entry);
    gate.went(entry.sequences().size());
  }

  private void awaitOutcomes() throws InterruptedException {
    while (!outcomes.allSettled() && !gate.leaving()) {
      outcomes.look();
      tell();
      gate.pause();
    }
    if (gate.leaving()) {
      return;
    }
    outcomes.takeOutTheRest();
    Counts counts = outcomes.counts();
    if (gate.withdrawn()) {
      end(Phase.Stopped, "it was deleted: what it had sent by then has come to its end");
    } else if (stopped) {
      end(
          Phase.Stopped,
          "%d records failed again, more than spec.stopOn allows: see why, and make another Redrive for the rest"
              .formatted(counts.failed()));
    } else {
      end(Phase.Complete, "every record that was chosen has come to its end");
    }
  }

  private void end(Phase phase, String message) throws InterruptedException {
    if (report.order().sourceRevision() != null) {
      renewed.forgetAll();
    }
    report.end(phase, message, replayed(), outcomes.counts(), refusals);
  }

  /** Tells the operator where this is, about every second. */
  private void tell() throws InterruptedException {
    Phase phase = gate.suspended() && outcomes.allSettled() ? Phase.Suspended : Phase.Running;
    report.tell(phase, replayed(), outcomes.counts(), refusals);
  }

  /** What was claimed to be sent, but for what was given up instead, see {@link Remains}. */
  private long replayed() {
    return report.order().action() == JournalEntry.Action.waive
        ? 0
        : outcomes.sent() - outcomes.counts().waived();
  }
}
