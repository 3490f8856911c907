package dev.drover.worker;

import dev.drover.wire.plan.ChainPlan;
import dev.drover.wire.plan.ChainPlan.LoadPromise;
import dev.drover.wire.plan.StageSpec;
import dev.drover.worker.database.Database;
import dev.drover.worker.database.LoadOrder;
import dev.drover.worker.load.LoadWorker;
import dev.drover.worker.stage.StageContext;
import java.io.IOException;

/** Puts together the worker of a load stage from what the plan says. */
public final class LoadStage {
  private LoadStage() {}

  /** A worker of the context's stage. */
  public static LoadWorker worker(
      StageContext context,
      StageSpec.Load stage,
      ChainPlan plan,
      Database target,
      String migrationUid)
      throws IOException {
    boolean ledger =
        plan.loadPromises().getOrDefault(stage.name(), LoadPromise.UpsertOnly)
            == LoadPromise.ExactlyOnce;
    LoadOrder order =
        new LoadOrder(
            stage,
            migrationUid,
            ledger,
            plan.newTablesOf(stage.name()),
            plan.arrivingAt(context.spec(), stage.name()).stream()
                .map(t -> stage.targetOf(t.table()))
                .distinct()
                .toList());
    return new LoadWorker(context, target.target(order), ledger, true);
  }
}
