package dev.drover.worker;

import dev.drover.wire.plan.ChainPlan;
import dev.drover.wire.plan.ChainPlan.LoadPromise;
import dev.drover.wire.plan.ChainSpec;
import dev.drover.wire.plan.NewTable;
import dev.drover.wire.plan.StageSpec;
import dev.drover.worker.load.LoadWorker;
import dev.drover.worker.plan.Ledgers;
import dev.drover.worker.postgres.Endpoint;
import dev.drover.worker.stage.StageContext;
import dev.drover.worker.target.Finisher;
import dev.drover.worker.target.LoadTarget;
import dev.drover.worker.target.PostgresLoadTarget;
import dev.drover.worker.target.TablePreparer;
import java.io.IOException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Puts together the worker of a load stage from what the plan says. */
public final class LoadStage {
  private LoadStage() {}

  /**
   * A worker of the context's stage.
   *
   * @param application what the target lists its session as
   */
  public static LoadWorker worker(
      StageContext context,
      StageSpec.Load stage,
      ChainPlan plan,
      Endpoint endpoint,
      String application,
      String migrationUid)
      throws IOException {
    boolean ledger =
        plan.loadPromises().getOrDefault(stage.name(), LoadPromise.UpsertOnly)
            == LoadPromise.ExactlyOnce;
    LoadTarget target =
        new PostgresLoadTarget(
            endpoint,
            application,
            stage,
            ledger ? Ledgers.of(stage, migrationUid) : null,
            preparer(stage, plan, migrationUid),
            new Finisher(
                migrationUid + "/" + stage.name(),
                Ledgers.preparation(stage, migrationUid),
                targets(context.spec(), stage, plan)));
    return new LoadWorker(context, target, ledger, true);
  }

  private static @Nullable TablePreparer preparer(
      StageSpec.Load stage, ChainPlan plan, String migrationUid) {
    List<NewTable> newTables =
        plan.newTables().stream().filter(t -> t.stage().equals(stage.name())).toList();
    return newTables.isEmpty() && stage.indexes() == StageSpec.Indexes.Keep
        ? null
        : new TablePreparer(Ledgers.preparation(stage, migrationUid), newTables, stage.indexes());
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
