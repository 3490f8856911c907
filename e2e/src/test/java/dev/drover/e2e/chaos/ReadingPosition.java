package dev.drover.e2e.chaos;

import dev.drover.e2e.chaos.Expectation.Reader;
import dev.drover.wire.names.ChainNames;
import dev.drover.wire.names.SplitId;
import dev.drover.wire.plan.KeyRange;
import dev.drover.wire.plan.TablePlan;
import dev.drover.wire.state.SplitCheckpoint;
import dev.drover.wire.state.StateStore;
import io.nats.client.Connection;
import io.nats.client.JetStreamApiException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Where the extract stage is, by the checkpoints of its splits. */
final class ReadingPosition {
  private final StateStore state;

  ReadingPosition(Connection nats, ChainNames names) throws IOException {
    state = StateStore.open(nats, names);
  }

  /**
   * A split of a table whose key is one number.
   *
   * @param first the least id that belongs to it
   * @param last the greatest
   */
  record Split(String stage, String table, SplitId split, int first, int last) {}

  /** The splits of the chain's tables. */
  List<Split> splits(String revision, int greatestId) throws IOException, JetStreamApiException {
    List<Split> splits = new ArrayList<>();
    for (TablePlan table : state.plan(revision).orElseThrow().tables()) {
      for (int n = 0; n < table.splits().size(); n++) {
        KeyRange range = table.splits().get(n);
        splits.add(
            new Split(
                table.stage(),
                table.table(),
                SplitId.of(table.table(), n),
                range.after() == null ? 1 : Integer.parseInt(range.after().getFirst()) + 1,
                range.upTo() == null ? greatestId : Integer.parseInt(range.upTo().getFirst())));
      }
    }
    return splits;
  }

  /** Where the reader is; whoever asks while NATS is away waits. */
  Reader of(Split split) {
    return Patiently.get(
        () -> {
          if (state.checkpoint(split.stage(), split.split()).isEmpty()) {
            return Reader.YetToCome;
          }
          return gone(split.stage(), split.split()) ? Reader.Gone : Reader.InTheSplit;
        });
  }

  /** Whether a split is read, and all that was cut off it meanwhile. */
  private boolean gone(String stage, SplitId split) throws IOException, JetStreamApiException {
    Optional<SplitCheckpoint> checkpoint =
        state.checkpoint(stage, split).map(StateStore.Versioned::value);
    boolean gone = checkpoint.isPresent() && checkpoint.get().done();
    for (int n = 0; gone && n < checkpoint.get().cuts(); n++) {
      gone = gone(stage, split.cutOff(n));
    }
    return gone;
  }
}
