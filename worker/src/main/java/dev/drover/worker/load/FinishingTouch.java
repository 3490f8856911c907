package dev.drover.worker.load;

import dev.drover.wire.state.Finishing;
import dev.drover.wire.state.WireJson;
import dev.drover.worker.database.Finished;
import dev.drover.worker.database.Finished.Problem;
import dev.drover.worker.database.LoadTarget;
import dev.drover.worker.database.SystemFailure;
import dev.drover.worker.jetstream.Patience;
import dev.drover.worker.stage.StageContext;
import io.nats.client.JetStreamApiException;
import io.nats.client.api.KeyValueEntry;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Does what is left of a load stage when the operator says that all is decided, and says when it is
 * done. What cannot be done is told of like any other stall and tried again. Used by one thread.
 */
final class FinishingTouch {
  private static final String SOURCE = "finishing";

  /** What somebody has to mend takes a while, and trying costs a look at whole tables. */
  private static final Duration AGAIN = Duration.ofSeconds(20);

  private static final int SHOWN = 4;

  private static final Duration SOON = Duration.ofSeconds(2);

  private final StageContext context;
  private final LoadTarget target;
  private final Patience patience;
  private @Nullable Finishing done;
  private Instant next = Instant.EPOCH;
  private volatile boolean underWay;
  private volatile boolean stopping;

  FinishingTouch(StageContext context, LoadTarget target) {
    this.context = context;
    this.target = target;
    this.patience = new Patience(context.stalls());
  }

  /** Looks whether it is asked for and not done; called when nothing else is to do. */
  void look() throws InterruptedException {
    if (context.clock().instant().isBefore(next)) {
      return;
    }
    Finishing asked = read(Finishing.askedKey(context.stage()));
    if (asked == null || asked.equals(done)) {
      return;
    }
    done = read(Finishing.doneKey(context.stage()));
    if (!asked.equals(done)) {
      finish(asked);
    } else {
      context.stalls().over(SOURCE);
    }
  }

  /** Ends what is under way; it begins again elsewhere. May be called by any thread. */
  void stop() {
    stopping = true;
    if (underWay) {
      target.leave();
    }
  }

  private void finish(Finishing asked) throws InterruptedException {
    underWay = true;
    if (stopping) {
      return;
    }
    try {
      switch (target.finish()) {
        case Finished.Elsewhere elsewhere -> wait(SOON);
        case Finished.Done finished when finished.problems().isEmpty() -> {
          write(asked);
          done = asked;
          context.stalls().over(SOURCE);
        }
        case Finished.Done finished -> {
          List<Problem> problems = finished.problems();
          context.stalls().begin(SOURCE, problems.getFirst().reason(), shown(problems));
          wait(AGAIN);
        }
      }
    } catch (SystemFailure e) {
      context.stalls().begin(SOURCE, e.reason(), String.valueOf(e.getMessage()));
      wait(SOON);
    } finally {
      underWay = false;
    }
  }

  private static String shown(List<Problem> problems) {
    String some =
        problems.stream().limit(SHOWN).map(Problem::message).collect(Collectors.joining("\n"));
    return problems.size() > SHOWN ? some + "\nand " + (problems.size() - SHOWN) + " more" : some;
  }

  private void wait(Duration pause) {
    next = context.clock().instant().plus(pause);
  }

  private @Nullable Finishing read(String key) throws InterruptedException {
    return patience.<Optional<Finishing>>ask("read " + key, () -> readOnce(key)).orElse(null);
  }

  private Optional<Finishing> readOnce(String key) throws IOException, JetStreamApiException {
    KeyValueEntry entry = context.state().bucket().get(key);
    return entry == null || entry.getValue() == null
        ? Optional.empty()
        : Optional.of(WireJson.parse(entry.getValue(), Finishing.class));
  }

  private void write(Finishing finished) throws InterruptedException {
    String key = Finishing.doneKey(context.stage());
    patience.ask("write " + key, () -> context.state().bucket().put(key, WireJson.bytes(finished)));
  }
}
