package dev.drover.worker.stage;

import dev.drover.wire.batch.BatchHeaders;
import dev.drover.wire.batch.Origin;
import dev.drover.wire.edges.Edge;
import dev.drover.wire.edges.Edges;
import dev.drover.wire.plan.StageSpec;
import dev.drover.wire.state.StateStore.Versioned;
import dev.drover.worker.jetstream.Patience;
import io.nats.client.api.MessageInfo;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Knows of each batch whether it had passed before this stage joined the queue: such a batch was
 * another stage's to work on, and a late copy of it is nobody's. Costs nothing for a stage that was
 * there from the start. Thread-safe.
 */
public final class PassedBefore {
  private final StageContext context;
  private final DecisionLog decisions;
  private final Patience patience;
  private volatile @Nullable Joined joined;

  /** How the stage is joined to its queue; a worker is started anew when that changes. */
  private record Joined(Edges edges, Optional<Edge> own) {}

  /** Of the context's stage. */
  public PassedBefore(StageContext context, DecisionLog decisions) {
    this.context = context;
    this.decisions = decisions;
    this.patience = new Patience(context.stalls());
  }

  /** Whether a batch is to be acknowledged unread. */
  public boolean test(BatchHeaders batch) throws InterruptedException {
    if (batch.origin() != Origin.queue) {
      return false;
    }
    Joined now = joined;
    if (now == null) {
      now = read();
      joined = now;
    }
    Edges edges = now.edges();
    return now.own().isPresent()
        && edges.passedBefore(now.own().get(), batch.id().text(), this::decided);
  }

  private Joined read() throws InterruptedException {
    StageSpec stage = context.spec().stage(context.stage());
    String queue = stage.from();
    Edges edges =
        patience.ask(
            "read how the stages are joined",
            () -> context.state().edges().map(Versioned::value).orElse(Edges.NONE));
    return new Joined(
        edges, edges.of(stage.name()).filter(e -> queue != null && e.joins(queue, stage.name())));
  }

  private Optional<Long> decided(String stage, String batch) throws InterruptedException {
    return decisions
        .last(context.names().decisionsStream(), context.names().decisionSubject(stage, batch))
        .map(MessageInfo::getSeq);
  }
}
