package dev.drover.worker;

import dev.drover.wire.plan.ChainPlan;
import dev.drover.wire.plan.HttpFiles;
import dev.drover.wire.plan.LookupSpec;
import dev.drover.wire.plan.StageSpec;
import dev.drover.worker.database.Database;
import dev.drover.worker.database.Databases;
import dev.drover.worker.database.SourceView;
import dev.drover.worker.enrich.EnrichJudge;
import dev.drover.worker.enrich.RequestPace;
import dev.drover.worker.extract.ExtractWorker;
import dev.drover.worker.jetstream.Patience;
import dev.drover.worker.lookup.HttpLookup;
import dev.drover.worker.lookup.Lookup;
import dev.drover.worker.snapshot.SharedSnapshot;
import dev.drover.worker.snapshot.SnapshotHolder;
import dev.drover.worker.stage.JudgingWorker;
import dev.drover.worker.stage.StageContext;
import dev.drover.worker.stage.StageWorker;
import dev.drover.worker.transform.RuleJudge;
import java.io.IOException;

/** Makes the worker that a stage's kind asks for. */
final class StageWorkers {
  private StageWorkers() {}

  static StageWorker create(
      StageContext context, WorkerEnvironment environment, Databases databases)
      throws IOException, InterruptedException {
    return switch (context.spec().stage(context.stage())) {
      case StageSpec.Extract extract -> {
        Database source = databases.of(context.spec().connection(extract.connectionName()));
        yield new ExtractWorker(
            context, source.splits(view(context, extract, source), context.maxRecordBytes()));
      }
      case StageSpec.Transform transform -> new JudgingWorker(context, new RuleJudge(context));
      case StageSpec.Enrich enrich ->
          new JudgingWorker(
              context, new EnrichJudge(context, lookup(context, environment, databases, enrich)));
      case StageSpec.Load load ->
          LoadStage.worker(
              context,
              load,
              plan(context),
              databases.of(context.spec().connection(load.connectionName())),
              environment.uid());
    };
  }

  private static Lookup lookup(
      StageContext context,
      WorkerEnvironment environment,
      Databases databases,
      StageSpec.Enrich enrich) {
    return switch (enrich.lookup()) {
      case LookupSpec.Query query ->
          databases
              .of(context.spec().connection(query.connectionName()))
              .lookup(enrich.timeoutSeconds());
      case LookupSpec.Http http ->
          new HttpLookup(
              http,
              HttpFiles.under(environment.secrets(), context.stage()),
              enrich.timeoutSeconds(),
              new RequestPace(context.state(), context.stage()));
    };
  }

  private static SourceView view(StageContext context, StageSpec.Extract extract, Database source) {
    return switch (extract.consistency()) {
      case Batch -> SourceView.NOW;
      case Snapshot -> new SharedSnapshot(context.state(), context.stage(), source);
    };
  }

  /** What holds the snapshot of an extract stage. */
  static SnapshotHolder holder(
      StageContext context, WorkerEnvironment environment, Databases databases)
      throws InterruptedException {
    StageSpec.Extract extract = (StageSpec.Extract) context.spec().stage(context.stage());
    return new SnapshotHolder(
        context,
        plan(context).tables(),
        databases.of(context.spec().connection(extract.connectionName())));
  }

  private static ChainPlan plan(StageContext context) throws InterruptedException {
    return new Patience(context.stalls())
        .ask(
            "read the plan",
            () ->
                context
                    .state()
                    .plan(context.revision())
                    .orElseThrow(() -> new IOException("there is no plan " + context.revision())));
  }
}
