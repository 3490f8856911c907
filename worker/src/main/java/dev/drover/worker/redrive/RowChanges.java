package dev.drover.worker.redrive;

import dev.drover.wire.failure.Correction.RefusedException;
import dev.drover.wire.failure.QueuedFailure;
import dev.drover.wire.replay.Change;
import dev.drover.wire.schema.RecordSchema;
import java.util.HashMap;
import java.util.Map;

/** Changes by the schemas that they were made for, each checked once. Not thread-safe. */
final class RowChanges {
  private final RedriveContext context;
  private final Map<Key, RowChange> known = new HashMap<>();

  private record Key(Change change, String schema) {}

  RowChanges(RedriveContext context) {
    this.context = context;
  }

  /**
   * A change for a failure's schema.
   *
   * @throws RefusedException if it fits no record of that schema
   */
  RowChange of(Change change, QueuedFailure failure) throws RefusedException, InterruptedException {
    Key key = new Key(change, failure.detail().schema());
    RowChange made = known.get(key);
    if (made == null) {
      RecordSchema schema =
          context
              .patience()
              .ask("read schema " + key.schema(), () -> context.state().schema(key.schema()));
      made = RowChange.of(change, schema, context.maxRecordBytes());
      known.put(key, made);
    }
    return made;
  }
}
