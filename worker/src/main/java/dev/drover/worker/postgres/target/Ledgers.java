package dev.drover.worker.postgres.target;

import dev.drover.wire.plan.StageSpec;

/** Where a load stage keeps its ledger; planner and worker ask here, so they agree. */
public final class Ledgers {
  private Ledgers() {}

  /** The ledger of a stage: in its target schema, or in {@code public} if it names none. */
  public static Ledger of(StageSpec.Load stage, String migrationUid) {
    return new Ledger(schema(stage), migrationUid, stage.name());
  }

  /** Where a stage notes what it did to its target before it loaded: beside its ledger. */
  public static Preparation preparation(StageSpec.Load stage, String migrationUid) {
    return new Preparation(schema(stage), migrationUid, stage.name());
  }

  private static String schema(StageSpec.Load stage) {
    return stage.schema() == null ? "public" : stage.schema();
  }
}
