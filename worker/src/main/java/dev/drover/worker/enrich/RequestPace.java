package dev.drover.worker.enrich;

import dev.drover.wire.state.Pace;
import dev.drover.wire.state.StateStore;
import dev.drover.worker.jetstream.PaceKeeper;
import dev.drover.worker.lookup.HttpLookup;

/** This worker's share of the requests a second that a stage may send to a server. Thread-safe. */
public final class RequestPace implements HttpLookup.Pacing {
  private final PaceKeeper keeper;

  /** The share of a stage's worker, as the operator tells it. */
  public RequestPace(StateStore state, String stage) {
    keeper = new PaceKeeper(state, Pace.requests(stage));
  }

  @Override
  public void await() throws InterruptedException {
    keeper.takeOne();
  }

  @Override
  public void close() {
    keeper.close();
  }
}
