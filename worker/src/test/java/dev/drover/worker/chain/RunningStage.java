package dev.drover.worker.chain;

import dev.drover.wire.plan.ChainPlan;
import dev.drover.wire.plan.ConnectionFiles;
import dev.drover.wire.plan.HttpFiles;
import dev.drover.wire.plan.LookupSpec;
import dev.drover.wire.plan.StageSpec;
import dev.drover.worker.LoadStage;
import dev.drover.worker.database.Database;
import dev.drover.worker.database.SourceView;
import dev.drover.worker.enrich.EnrichJudge;
import dev.drover.worker.enrich.RequestPace;
import dev.drover.worker.extract.ExtractWorker;
import dev.drover.worker.jetstream.Stalls;
import dev.drover.worker.load.LoadWorker;
import dev.drover.worker.lookup.HttpLookup;
import dev.drover.worker.postgres.PostgresDatabases;
import dev.drover.worker.postgres.session.Endpoint;
import dev.drover.worker.postgres.target.Ledgers;
import dev.drover.worker.postgres.target.PostgresLoadTarget;
import dev.drover.worker.snapshot.SharedSnapshot;
import dev.drover.worker.snapshot.SnapshotHolder;
import dev.drover.worker.stage.Judge;
import dev.drover.worker.stage.JudgingWorker;
import dev.drover.worker.stage.StageContext;
import dev.drover.worker.stage.StageWorker;
import dev.drover.worker.transform.RuleJudge;
import java.nio.file.Path;
import java.util.function.Function;

/** A stage's worker in a thread of the test's process. */
final class RunningStage implements AutoCloseable {
  private final StageContext context;
  private final StageWorker worker;
  private final Thread thread;

  private RunningStage(StageContext context, StageWorker worker) {
    this.context = context;
    this.worker = worker;
    this.thread =
        Thread.ofPlatform()
            .name(context.pod())
            .start(
                () -> {
                  try {
                    worker.run();
                  } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                  }
                });
  }

  static RunningStage start(TestChain chain, String stage, Path secrets) throws Exception {
    return start(chain, stage, secrets, true);
  }

  /** A load whose target permits no ledger. */
  static RunningStage startWithoutLedger(TestChain chain, String stage, Path secrets)
      throws Exception {
    return start(chain, stage, secrets, false);
  }

  /** A load that prepares and finishes its target as its plan says. */
  static RunningStage startPlanned(TestChain chain, String stage, Path secrets, ChainPlan plan)
      throws Exception {
    StageContext context = chain.context(stage);
    StageSpec.Load load = (StageSpec.Load) chain.spec.stage(stage);
    return new RunningStage(
        context,
        LoadStage.worker(
            context, load, plan, database(chain, load.connectionName(), secrets), chain.uid));
  }

  /** A stage that judges as the caller would have it. */
  static RunningStage startJudging(
      TestChain chain, String stage, Function<StageContext, Judge> judge) throws Exception {
    StageContext context = chain.context(stage);
    return new RunningStage(context, new JudgingWorker(context, judge.apply(context)));
  }

  /** What holds the snapshot of an extract. */
  static RunningStage startHolder(TestChain chain, String stage, Path secrets, ChainPlan plan)
      throws Exception {
    StageContext context = chain.context(stage);
    StageSpec.Extract extract = (StageSpec.Extract) chain.spec.stage(stage);
    return new RunningStage(
        context,
        new SnapshotHolder(
            context,
            plan.tables(),
            new PostgresDatabases(secrets, "holder")
                .of(chain.spec.connection(extract.connectionName()))));
  }

  private static RunningStage start(TestChain chain, String stage, Path secrets, boolean withLedger)
      throws Exception {
    StageContext context = chain.context(stage);
    StageWorker worker =
        switch (chain.spec.stage(stage)) {
          case StageSpec.Extract e ->
              new ExtractWorker(
                  context,
                  database(chain, e.connectionName(), secrets)
                      .splits(
                          e.consistency() == StageSpec.Consistency.Snapshot
                              ? new SharedSnapshot(
                                  context.state(),
                                  stage,
                                  database(chain, e.connectionName(), secrets))
                              : SourceView.NOW,
                          context.maxRecordBytes()));
          case StageSpec.Transform t -> new JudgingWorker(context, new RuleJudge(context));
          case StageSpec.Enrich e -> new JudgingWorker(context, enrich(context, chain, e, secrets));
          case StageSpec.Load l ->
              new LoadWorker(
                  context,
                  new PostgresLoadTarget(
                      endpoint(chain, l.connectionName(), secrets),
                      "test",
                      l,
                      withLedger ? Ledgers.of(l, chain.uid) : null),
                  withLedger);
        };
    return new RunningStage(context, worker);
  }

  private static EnrichJudge enrich(
      StageContext context, TestChain chain, StageSpec.Enrich stage, Path secrets) {
    return new EnrichJudge(
        context,
        switch (stage.lookup()) {
          case LookupSpec.Query q ->
              new PostgresDatabases(secrets, "test lookup")
                  .of(chain.spec.connection(q.connectionName()))
                  .lookup(stage.timeoutSeconds());
          case LookupSpec.Http h ->
              new HttpLookup(
                  h,
                  HttpFiles.under(secrets, stage.name()),
                  stage.timeoutSeconds(),
                  new RequestPace(context.state(), stage.name()));
        });
  }

  private static Database database(TestChain chain, String connection, Path secrets) {
    return new PostgresDatabases(secrets, "test").of(chain.spec.connection(connection));
  }

  private static Endpoint endpoint(TestChain chain, String connection, Path secrets) {
    return new Endpoint(
        chain.spec.connection(connection), ConnectionFiles.under(secrets, connection));
  }

  /** What keeps the worker from moving on, also while NATS cannot be told. */
  Stalls stalls() {
    return context.stalls();
  }

  @Override
  public void close() throws Exception {
    worker.stop();
    thread.join(30_000);
    worker.close();
    context.pace().close();
    context.budget().close();
    context.stalls().close();
    context.nats().close();
  }
}
