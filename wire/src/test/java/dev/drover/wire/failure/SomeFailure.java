package dev.drover.wire.failure;

import dev.drover.wire.decision.Cause;
import dev.drover.wire.decision.Verdict.FailureClass;

/** Failed records of which only sequence, stage and place matter to a test. */
public final class SomeFailure {
  private SomeFailure() {}

  /** The record of a sequence, set aside by a stage from a batch of its own. */
  public static QueuedFailure at(long sequence, String stage) {
    return in("b" + sequence, 0, sequence, stage);
  }

  /** A record of a batch. */
  public static QueuedFailure in(String batch, int index, long sequence, String stage) {
    return new QueuedFailure(
        sequence,
        new FailedMessage(
            new FailedMessage.Detail(
                stage,
                batch,
                index,
                "public.item",
                Long.toString(sequence),
                "schema",
                FailureClass.Record,
                new Cause("steps[0]", "Code", "public.item", ""),
                "",
                "rev1",
                "2026-01-01T00:00:00Z",
                "2026-01-01T00:00:00Z",
                0,
                null),
            new byte[0]));
  }
}
