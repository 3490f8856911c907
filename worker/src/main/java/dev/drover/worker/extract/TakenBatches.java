package dev.drover.worker.extract;

import dev.drover.wire.batch.BatchHeaders;
import dev.drover.wire.batch.BatchId;
import dev.drover.wire.decision.Decision;
import dev.drover.wire.state.SplitCheckpoint.OpenBatch;
import dev.drover.wire.state.SplitCheckpoint.Take;
import dev.drover.worker.jetstream.Patience;
import dev.drover.worker.stage.DecisionLog;
import dev.drover.worker.stage.StageContext;
import io.nats.client.api.MessageInfo;
import java.util.LinkedHashSet;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Finds out which take of a batch is the one that counts, if any is out yet. Thread-safe. */
final class TakenBatches {
  private final StageContext context;
  private final DecisionLog decisions;
  private final Patience patience;

  TakenBatches(StageContext context, DecisionLog decisions) {
    this.context = context;
    this.decisions = decisions;
    this.patience = new Patience(context.stalls());
  }

  /** The take that a stage behind has decided or that is in the queue; null if there is none. */
  @Nullable Take find(BatchId id, OpenBatch batch) throws InterruptedException {
    if (!batch.latest().hasMessage()) {
      return null;
    }
    Take decided = decided(id, batch);
    return decided != null ? decided : queued(id, batch);
  }

  /** The take that a stage behind has decided; null if none has. */
  @Nullable Take decided(BatchId id, OpenBatch batch) throws InterruptedException {
    for (String reader : readers()) {
      Optional<Decision> decision = decisions.find(reader, id);
      if (decision.isPresent()) {
        return batch.take(decision.get().take());
      }
    }
    return null;
  }

  /** Those of today and those of before: each read anew, since this worker outlives a graft. */
  private Set<String> readers() throws InterruptedException {
    Set<String> readers = new LinkedHashSet<>();
    context.spec().consumersOf(context.stage()).forEach(s -> readers.add(s.name()));
    patience
        .ask("read how the stages are joined", () -> context.state().edges())
        .ifPresent(edges -> readers.addAll(edges.value().readersEver(context.stage())));
    return readers;
  }

  private @Nullable Take queued(BatchId id, OpenBatch batch) throws InterruptedException {
    Optional<MessageInfo> message =
        decisions.last(
            context.names().queueStream(context.stage()),
            context.names().queueSubject(context.stage(), id.text()));
    return message.map(m -> batch.take(BatchHeaders.parse(m.getHeaders()).take())).orElse(null);
  }
}
