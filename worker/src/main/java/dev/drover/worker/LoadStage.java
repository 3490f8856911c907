package dev.drover.worker;

import dev.drover.wire.plan.ChainPlan;
import dev.drover.wire.plan.ChainPlan.LoadPromise;
import dev.drover.wire.plan.ChainSpec;
import dev.drover.wire.plan.StageSpec;
import dev.drover.worker.database.Database;
import dev.drover.worker.database.LoadOrder;
import dev.drover.worker.load.LoadWorker;
import dev.drover.worker.stage.StageContext;
import java.io.IOException;
import java.util.List;

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
            plan.newTables().stream().filter(t -> t.stage().equals(stage.name())).toList(),
            targets(context.spec(), stage, plan));
    return new LoadWorker(context, target.target(order), ledger, true);
  }

  /** The tables that the stage loads: those that the extract at the chain's head reads. */
  private static List<String> targets(ChainSpec spec, StageSpec.Load stage, ChainPlan plan) {
    String head = stage.name();
    for (String from = stage.from(); from != null; from = spec.stage(from).from()) {
      head = from;
    }
    String extract = head;
    return plan.tables().stream()
        .filter(t -> t.stage().equals(extract))
        .map(t -> stage.targetOf(t.table()))
        .distinct()
        .toList();
  }
}
