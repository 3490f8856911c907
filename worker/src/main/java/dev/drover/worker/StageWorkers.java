package dev.drover.worker;

import dev.drover.wire.plan.ChainPlan;
import dev.drover.wire.plan.ConnectionFiles;
import dev.drover.wire.plan.HttpFiles;
import dev.drover.wire.plan.LookupSpec;
import dev.drover.wire.plan.StageSpec;
import dev.drover.worker.enrich.EnrichJudge;
import dev.drover.worker.enrich.RequestPace;
import dev.drover.worker.extract.ExtractWorker;
import dev.drover.worker.jetstream.Patience;
import dev.drover.worker.lookup.HttpLookup;
import dev.drover.worker.lookup.Lookup;
import dev.drover.worker.lookup.LookupSession;
import dev.drover.worker.postgres.Endpoint;
import dev.drover.worker.postgres.SessionPermits;
import dev.drover.worker.snapshot.SharedSnapshot;
import dev.drover.worker.snapshot.SnapshotHolder;
import dev.drover.worker.source.PostgresSplitSource;
import dev.drover.worker.source.SourceView;
import dev.drover.worker.stage.JudgingWorker;
import dev.drover.worker.stage.StageContext;
import dev.drover.worker.stage.StageWorker;
import dev.drover.worker.transform.RuleJudge;
import java.io.IOException;

/** Makes the worker that a stage's kind asks for. */
final class StageWorkers {
  private StageWorkers() {}

  static StageWorker create(
      StageContext context, WorkerEnvironment environment, SessionPermits permits)
      throws IOException, InterruptedException {
    String application = Endpoint.applicationName(environment.migration(), context.stage());
    return switch (context.spec().stage(context.stage())) {
      case StageSpec.Extract extract ->
          new ExtractWorker(
              context,
              new PostgresSplitSource(
                  endpoint(context, environment, permits, extract.connectionName()),
                  application,
                  view(context, extract),
                  context.maxRecordBytes()));
      case StageSpec.Transform transform -> new JudgingWorker(context, new RuleJudge(context));
      case StageSpec.Enrich enrich ->
          new JudgingWorker(
              context, new EnrichJudge(context, lookup(context, environment, permits, enrich)));
      case StageSpec.Load load ->
          LoadStage.worker(
              context,
              load,
              plan(context),
              endpoint(context, environment, permits, load.connectionName()),
              application,
              environment.uid());
    };
  }

  private static Lookup lookup(
      StageContext context,
      WorkerEnvironment environment,
      SessionPermits permits,
      StageSpec.Enrich enrich) {
    return switch (enrich.lookup()) {
      case LookupSpec.Query query ->
          new LookupSession(
              endpoint(context, environment, permits, query.connectionName()),
              Endpoint.applicationName(environment.migration(), context.stage()),
              enrich.timeoutSeconds());
      case LookupSpec.Http http ->
          new HttpLookup(
              http,
              HttpFiles.under(environment.secrets(), context.stage()),
              enrich.timeoutSeconds(),
              new RequestPace(context.state(), context.stage()));
    };
  }

  private static SourceView view(StageContext context, StageSpec.Extract extract) {
    return switch (extract.consistency()) {
      case Batch -> SourceView.NOW;
      case Snapshot -> new SharedSnapshot(context.state(), context.stage());
    };
  }

  /** What holds the snapshot of an extract stage. */
  static SnapshotHolder holder(
      StageContext context, WorkerEnvironment environment, SessionPermits permits)
      throws InterruptedException {
    StageSpec.Extract extract = (StageSpec.Extract) context.spec().stage(context.stage());
    return new SnapshotHolder(
        context,
        plan(context).tables(),
        endpoint(context, environment, permits, extract.connectionName()),
        Endpoint.applicationName(environment.migration(), context.stage()));
  }

  private static Endpoint endpoint(
      StageContext context,
      WorkerEnvironment environment,
      SessionPermits permits,
      String connection) {
    return new Endpoint(
        context.spec().connection(connection),
        ConnectionFiles.under(environment.secrets(), connection),
        permits);
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
