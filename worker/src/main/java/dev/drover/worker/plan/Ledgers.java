package dev.drover.worker.plan;

import dev.drover.wire.plan.StageSpec;
import dev.drover.worker.target.Ledger;

/** Where a load stage keeps its ledger; planner and worker ask here, so they agree. */
public final class Ledgers {
  private Ledgers() {}

  /** The ledger of a stage: in its target schema, or in {@code public} if it names none. */
  public static Ledger of(StageSpec.Load stage, String migrationUid) {
    String schema = stage.schema();
    return new Ledger(schema == null ? "public" : schema, migrationUid, stage.name());
  }
}
