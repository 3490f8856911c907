package dev.drover.worker.redrive;

import dev.drover.wire.decision.Counts;
import dev.drover.wire.replay.RedriveOrder;
import dev.drover.wire.replay.RedriveProgress;
import dev.drover.wire.replay.RedriveProgress.Phase;
import dev.drover.wire.state.WireJson;
import io.nats.client.JetStreamApiException;
import io.nats.client.api.KeyValueEntry;
import java.io.IOException;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * A Redrive in the state bucket: what the operator asks, read again every second, and how far it
 * is, written as often. Used by one thread.
 */
final class ProgressReport {
  private static final int WRONG_LAST_SEQUENCE = 10071;
  private static final long EVERY_NANOS = TimeUnit.SECONDS.toNanos(1);

  private final RedriveContext context;
  private @Nullable RedriveProgress progress;
  private @Nullable RedriveOrder order;
  private long looked;

  ProgressReport(RedriveContext context) {
    this.context = context;
  }

  /**
   * Freezes the set, unless an earlier worker did.
   *
   * @param last the error queue's last sequence now
   * @return what is known so far
   */
  RedriveProgress begin(long last) throws InterruptedException {
    refreshOrder();
    RedriveProgress first =
        new RedriveProgress(
            Phase.Surveying,
            "looks through the error queue",
            last,
            0,
            0,
            0,
            0,
            0,
            0,
            0,
            List.of(),
            context.clock().instant().toString(),
            null);
    RedriveProgress holds =
        context
            .patience()
            .ask(
                "write down where the Redrive begins",
                () -> {
                  String key = RedriveProgress.key(context.uid());
                  try {
                    context.state().bucket().create(key, WireJson.bytes(first));
                    return first;
                  } catch (JetStreamApiException e) {
                    if (e.getApiErrorCode() != WRONG_LAST_SEQUENCE) {
                      throw e;
                    }
                    return read(key, RedriveProgress.class).orElse(first);
                  }
                });
    progress = holds;
    return holds;
  }

  /** What is known, as it was written last. */
  RedriveProgress progress() {
    RedriveProgress known = progress;
    if (known == null) {
      throw new IllegalStateException("the Redrive has not begun");
    }
    return known;
  }

  /** What is asked, not older than about a second. */
  RedriveOrder order() {
    RedriveOrder known = order;
    if (known == null) {
      throw new IllegalStateException("the Redrive has not begun");
    }
    return known;
  }

  void surveyed(Survey survey) throws InterruptedException {
    RedriveProgress p = progress();
    write(
        new RedriveProgress(
                Phase.Running,
                "sends",
                p.lastSequence(),
                survey.selected(),
                0,
                0,
                0,
                0,
                0,
                survey.refused(),
                survey.samples(),
                p.startedAt(),
                null)
            .refusing(survey.refusals()));
  }

  /** Tells how far the Redrive is, and reads what is asked now, if a second has passed. */
  void tell(Phase phase, long sent, Counts counts, Refusals refusals) throws InterruptedException {
    if (System.nanoTime() - looked >= EVERY_NANOS) {
      refreshOrder();
      write(now(phase, sent, counts, refusals));
    }
  }

  private RedriveProgress now(Phase phase, long sent, Counts counts, Refusals refusals) {
    RedriveProgress p = progress();
    return new RedriveProgress(
            phase,
            message(phase, counts),
            p.lastSequence(),
            p.selected(),
            sent,
            counts.passed() + counts.filtered(),
            counts.failed(),
            counts.waived(),
            0,
            refusals.count(),
            p.samples(),
            p.startedAt(),
            null)
        .refusing(refusals.list());
  }

  private static String message(Phase phase, Counts counts) {
    if (phase == Phase.Suspended) {
      return "nothing is sent while spec.suspend is true";
    }
    return counts.waiting() == 0
        ? "sends, and follows what becomes of it"
        : counts.waiting() + " records wait at their stage for records that they point to";
  }

  /** Tells what is waited for. */
  void waits(String why) throws InterruptedException {
    refreshOrder();
    write(progress().saying(why));
  }

  /** Tells the end. What was chosen and neither sent nor refused by then, others have. */
  void end(Phase phase, String message, long sent, Counts counts, Refusals refusals)
      throws InterruptedException {
    RedriveProgress p = now(phase, sent, counts, refusals);
    long others = p.selected() - p.sent() - p.waived() - p.refused();
    write(
        new RedriveProgress(
                phase,
                message,
                p.lastSequence(),
                p.selected(),
                p.sent(),
                p.resolved(),
                p.failedAgain(),
                p.waived(),
                phase == Phase.Complete ? Math.max(0, others) : 0,
                p.refused(),
                p.samples(),
                p.startedAt(),
                context.clock().instant().toString())
            .refusing(p.refusals()));
  }

  /** Tells the end of what never sent anything. */
  void endUnsent(Phase phase, String message) throws InterruptedException {
    RedriveProgress p = progress();
    write(
        new RedriveProgress(
                phase,
                message,
                p.lastSequence(),
                p.selected(),
                0,
                0,
                0,
                0,
                0,
                p.refused(),
                p.samples(),
                p.startedAt(),
                context.clock().instant().toString())
            .refusing(p.refusals()));
  }

  private void write(RedriveProgress next) throws InterruptedException {
    if (!next.equals(progress)) {
      context
          .patience()
          .ask(
              "tell how far the Redrive is",
              () ->
                  context
                      .state()
                      .bucket()
                      .put(RedriveProgress.key(context.uid()), WireJson.bytes(next)));
      progress = next;
    }
  }

  private void refreshOrder() throws InterruptedException {
    looked = System.nanoTime();
    order =
        context
            .patience()
            .ask(
                "read what the Redrive asks",
                () ->
                    read(RedriveOrder.key(context.uid()), RedriveOrder.class)
                        .orElseThrow(() -> new IOException("the state bucket lacks its order")));
  }

  private <T> Optional<T> read(String key, Class<T> type)
      throws IOException, JetStreamApiException {
    KeyValueEntry entry = context.state().bucket().get(key);
    return entry == null || entry.getValue() == null
        ? Optional.empty()
        : Optional.of(WireJson.parse(entry.getValue(), type));
  }
}
