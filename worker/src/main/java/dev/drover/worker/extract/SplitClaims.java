package dev.drover.worker.extract;

import dev.drover.wire.names.SplitId;
import dev.drover.wire.plan.KeyRange;
import dev.drover.wire.plan.TablePlan;
import dev.drover.wire.state.SplitCheckpoint;
import dev.drover.wire.state.StateStore.LostClaimException;
import dev.drover.wire.state.StateStore.Versioned;
import dev.drover.worker.database.SplitSource;
import dev.drover.worker.database.SystemFailure;
import dev.drover.worker.stage.StageContext;
import io.nats.client.JetStreamApiException;
import java.io.IOException;
import java.util.List;
import java.util.Optional;

/** Claims splits for this worker. Not thread-safe. */
final class SplitClaims {
  private final StageContext context;

  SplitClaims(StageContext context) {
    this.context = context;
  }

  /**
   * Claims a split, taking it from whoever had it; its checkpoint may already be done.
   *
   * @throws LostClaimException if another worker claimed it at the same moment
   */
  Versioned<SplitCheckpoint> claim(TablePlan table, SplitId id, KeyRange range, SplitSource source)
      throws SystemFailure, IOException, JetStreamApiException, LostClaimException {
    Optional<Versioned<SplitCheckpoint>> before = context.state().checkpoint(context.stage(), id);
    if (before.isEmpty()) {
      return context.state().create(context.stage(), id, first(table, range, source));
    }
    SplitCheckpoint c = before.get().value();
    if (c.done()) {
      return before.get();
    }
    return context.state().update(context.stage(), id, before.get(), c.claimedBy(context.pod()));
  }

  /** The first claim freezes the end of a range that is open above; an empty table is done. */
  private SplitCheckpoint first(TablePlan table, KeyRange range, SplitSource source)
      throws SystemFailure {
    if (range.upTo() != null) {
      return SplitCheckpoint.claimed(context.pod(), range);
    }
    List<String> greatest = source.greatestKey(table);
    if (greatest == null) {
      return SplitCheckpoint.empty(context.pod(), range);
    }
    return SplitCheckpoint.claimed(context.pod(), new KeyRange(range.after(), greatest));
  }
}
