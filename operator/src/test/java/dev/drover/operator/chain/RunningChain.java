package dev.drover.operator.chain;

import dev.drover.api.v1alpha1.MigrationSpec;
import dev.drover.api.v1alpha1.MigrationStatus;
import dev.drover.operator.migration.JoiningStep;
import dev.drover.operator.status.Observation.InForce;
import dev.drover.operator.status.Observation.Planning;
import dev.drover.wire.nats.NatsServer;
import dev.drover.wire.plan.ChainPlan;
import dev.drover.wire.plan.ChainSpec;
import dev.drover.wire.plan.StageSpec;
import dev.drover.wire.state.Pace;
import dev.drover.wire.state.StateStore;
import dev.drover.worker.LoadStage;
import dev.drover.worker.budget.BudgetKeeper;
import dev.drover.worker.database.Database;
import dev.drover.worker.database.SourceView;
import dev.drover.worker.enrich.EnrichJudge;
import dev.drover.worker.extract.ExtractWorker;
import dev.drover.worker.jetstream.PaceKeeper;
import dev.drover.worker.jetstream.Publisher;
import dev.drover.worker.jetstream.Stalls;
import dev.drover.worker.metrics.StageMetrics;
import dev.drover.worker.plan.PlanJob;
import dev.drover.worker.postgres.PostgresDatabases;
import dev.drover.worker.stage.JudgingWorker;
import dev.drover.worker.stage.StageContext;
import dev.drover.worker.stage.StageWorker;
import dev.drover.worker.transform.RuleJudge;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.nats.client.Connection;
import io.nats.client.api.StreamInfoOptions;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;

/**
 * A chain in flow: the operator's own chain over a real NATS server, with real workers in this
 * process, one a stage. Each {@link #visit} does what a visit to a Migration does: it joins the
 * stages as {@link JoiningStep} does, makes queues, dispatches and counts; then workers are rolled
 * as Deployments would be.
 */
final class RunningChain implements AutoCloseable {
  private final MigrationSpec.Queues queues;
  private final NatsServer server;
  private final NatsLink link;
  private final ChainRef ref;
  private final Path secrets;
  final Connection nats;
  private final Map<String, Running> workers = new HashMap<>();
  private final java.util.Set<String> idle = new java.util.HashSet<>();

  /** Stages that go without being drained. */
  List<String> abandoned = List.of();

  private Chain chain;
  private JoiningStep step = new JoiningStep();
  private String revision;
  private ChainSpec spec;
  private ChainPlan plan;
  private MigrationStatus status;
  private InForce running;
  private int pods;

  /** What came of it when the stages were joined last. */
  Joining joining;

  private record Running(StageContext context, StageSpec stage, StageWorker worker, Thread thread)
      implements AutoCloseable {
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

  /**
   * A chain that does not run yet.
   *
   * @param maxBytes of each queue
   */
  RunningChain(NatsServer server, String name, Path secrets, String maxBytes, ChainSpec spec)
      throws Exception {
    this.queues = new MigrationSpec.Queues(maxBytes, 1);
    this.server = server;
    this.secrets = secrets;
    this.ref = new ChainRef("shop", name, "uid-" + name);
    this.link = new NatsLink(server::endpoint);
    this.nats = server.connect();
    restartOperator();
    apply("rev1", spec);
  }

  /** What a user's edit does: the spec is planned as that revision. */
  void apply(String revision, ChainSpec spec) throws Exception {
    chain.publishSpec(revision, spec, queues);
    StateStore state = StateStore.open(nats, ref.names());
    new PlanJob(state, revision, ref.uid(), new PostgresDatabases(secrets, "test plan")).run();
    this.plan = state.plan(revision).orElseThrow();
    if (!plan.startable()) {
      throw new AssertionError(plan.findings().toString());
    }
    this.revision = revision;
    this.spec = spec;
  }

  /** An operator that remembers nothing takes the place of the one that was. */
  void restartOperator() {
    Chain real = new Chains(link).of(ref);
    chain =
        (Chain)
            Proxy.newProxyInstance(
                Chain.class.getClassLoader(),
                new Class<?>[] {Chain.class},
                (proxy, method, args) -> {
                  try {
                    Object result = method.invoke(real, args);
                    if (result instanceof Joining joined) {
                      joining = joined;
                    }
                    return result;
                  } catch (InvocationTargetException e) {
                    throw e.getCause();
                  }
                });
    step = new JoiningStep();
  }

  /** Lets a stage have no worker. */
  void idle(String stage, boolean none) throws Exception {
    if (none) {
      idle.add(stage);
    } else {
      idle.remove(stage);
    }
    roll();
  }

  /** Takes a worker away in the middle of what it does, and gives the stage another. */
  void restart(String stage) throws Exception {
    Objects.requireNonNull(workers.remove(stage)).close();
    roll();
  }

  /** A worker is gone from one moment to the next, with all that it had open. */
  void crash(String stage) throws Exception {
    Running gone = Objects.requireNonNull(workers.remove(stage));
    gone.context().nats().close();
    gone.thread().interrupt();
    gone.thread().join(30_000);
    roll();
  }

  /** As a visit, with what would be done to the stages only told. */
  Joining look() {
    return chain.join(revision, spec, queues, false);
  }

  ChainSnapshot visit() throws Exception {
    JoiningStep.Subject subject =
        new JoiningStep.Subject(ref.uid(), queues, abandoned, false, status);
    Optional<ChainUnavailableException> away = step.recall(subject, chain);
    if (away.isPresent()) {
      throw away.get();
    }
    JoiningStep.Shape shape =
        step.shape(subject, chain, new Planning.Done(plan), new InForce(revision, spec, plan));
    running = Objects.requireNonNull(shape.inForce());
    status = status(running.revision(), shape.grafting());
    chain.ensureQueues(running.spec(), queues);
    ChainSnapshot seen = chain.advance(running.revision(), running.spec(), running.plan(), false);
    roll();
    return seen;
  }

  /** Whether the stages are joined as the newest spec has them. */
  boolean joined() {
    return running.revision().equals(revision) && status.grafting() == null;
  }

  private static MigrationStatus status(String revision, MigrationStatus.Grafting grafting) {
    return new MigrationStatus(
        null,
        List.of(),
        null,
        null,
        null,
        null,
        new MigrationStatus.Plan(revision, 1, 1, 1, List.of()),
        List.of(),
        null,
        List.of(),
        null,
        grafting);
  }

  /** How fast a stage may go. */
  void pace(String stage, long recordsPerSecond) {
    pace(Map.of(stage, recordsPerSecond));
  }

  /** How many records a second each of some stages may take; all others have no limit. */
  void pace(Map<String, Long> recordsPerSecond) {
    Map<String, Pace> paces = new HashMap<>();
    recordsPerSecond.forEach((stage, rate) -> paces.put(stage, new Pace(rate, 1)));
    chain.pace(spec, paces, Duration.ofMinutes(5));
  }

  /** New before old, as a rolling update with a surge has it: for a moment both work. */
  private void roll() throws Exception {
    if (running == null) {
      return;
    }
    for (StageSpec stage : running.spec().stages()) {
      Running old = workers.get(stage.name());
      boolean wanted = !idle.contains(stage.name());
      if (old == null ? wanted : !wanted || !old.stage().equals(stage)) {
        if (wanted) {
          workers.put(stage.name(), start(stage));
        } else {
          workers.remove(stage.name());
        }
        if (old != null) {
          old.close();
        }
      }
    }
    for (String name : List.copyOf(workers.keySet())) {
      if (running.spec().stages().stream().noneMatch(s -> s.name().equals(name))) {
        Objects.requireNonNull(workers.remove(name)).close();
      }
    }
  }

  private Running start(StageSpec stage) throws Exception {
    Connection own = server.connect();
    StateStore state = StateStore.open(own, ref.names());
    String pod = stage.name() + "-" + pods++;
    Stalls stalls = new Stalls(state, stage.name(), pod, Clock.systemUTC());
    StageContext context =
        new StageContext(
            stage.name(),
            running.revision(),
            running.spec(),
            pod,
            ref.names(),
            own,
            state,
            new Publisher(own.jetStream(), stalls),
            stalls,
            new PaceKeeper(state, stage.name()),
            new BudgetKeeper(own, ref.names(), state, stage.name()),
            new StageMetrics(new SimpleMeterRegistry(), Tags.empty()),
            Clock.systemUTC(),
            own.getMaxPayload());
    StageWorker worker =
        switch (stage) {
          case StageSpec.Extract e ->
              new ExtractWorker(
                  context,
                  database(e.connectionName()).splits(SourceView.NOW, context.maxRecordBytes()));
          case StageSpec.Transform t -> new JudgingWorker(context, new RuleJudge(context));
          case StageSpec.Enrich e ->
              new JudgingWorker(
                  context,
                  new EnrichJudge(
                      context,
                      database(Objects.requireNonNull(e.connectionName()))
                          .lookup(e.timeoutSeconds())));
          case StageSpec.Load l ->
              LoadStage.worker(context, l, running.plan(), database(l.connectionName()), ref.uid());
        };
    Thread thread =
        Thread.ofPlatform()
            .name(pod)
            .start(
                () -> {
                  try {
                    worker.run();
                  } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                  }
                });
    return new Running(context, stage, worker, thread);
  }

  private Database database(String connection) {
    return new PostgresDatabases(secrets, "test").of(spec.connection(connection));
  }

  /** The splits of a stage that are queued or being read. */
  long splits(String stage) throws Exception {
    Map<String, Long> subjects =
        nats.jetStreamManagement()
            .getStreamInfo(
                ref.names().splitsStream(),
                StreamInfoOptions.filterSubjects(ref.names().allOf("splits", stage)))
            .getStreamState()
            .getSubjectMap();
    return subjects == null ? 0 : subjects.size();
  }

  String stream(String stage) {
    return ref.names().queueStream(stage);
  }

  @Override
  public void close() throws Exception {
    for (Running worker : workers.values()) {
      worker.close();
    }
    chain.delete(MigrationSpec.QueueDeletionPolicy.Delete);
    nats.close();
    link.close();
  }
}
