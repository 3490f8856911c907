package dev.drover.worker;

import dev.drover.wire.nats.NatsEndpoint;
import dev.drover.wire.plan.ChainSpec;
import dev.drover.wire.state.StateStore;
import dev.drover.worker.budget.BudgetKeeper;
import dev.drover.worker.database.Databases;
import dev.drover.worker.jetstream.Backoff;
import dev.drover.worker.jetstream.PaceKeeper;
import dev.drover.worker.jetstream.Publisher;
import dev.drover.worker.jetstream.Stalls;
import dev.drover.worker.metrics.HttpEndpoint;
import dev.drover.worker.metrics.StageMetrics;
import dev.drover.worker.plan.PlanJob;
import dev.drover.worker.postgres.PostgresDatabases;
import dev.drover.worker.redrive.RedriveContext;
import dev.drover.worker.redrive.RedriveWorker;
import dev.drover.worker.redrive.SourceSessions;
import dev.drover.worker.session.SessionPermits;
import dev.drover.worker.slots.Holder;
import dev.drover.worker.slots.SlotKeeper;
import dev.drover.worker.stage.DecisionLog;
import dev.drover.worker.stage.StageContext;
import dev.drover.worker.stage.StageWorker;
import dev.drover.worker.stage.Unforeseen;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.binder.jvm.JvmGcMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmMemoryMetrics;
import io.micrometer.core.instrument.binder.system.ProcessorMetrics;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.nats.client.Connection;
import io.nats.client.JetStreamApiException;
import java.io.IOException;
import java.time.Clock;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A worker's process. With the argument {@code plan} it plans and ends; with {@code run} it works
 * at one stage until it is told to stop, and then finishes what it has begun; with {@code hold} it
 * holds the snapshot of an extract stage until all is read; with {@code redrive} it sends failed
 * records again as one Redrive asks, and ends.
 */
public final class Worker {
  private static final Logger LOG = LoggerFactory.getLogger(Worker.class);

  /** What it takes, at the end of the pod's grace period, to give back what is not finished. */
  private static final Duration GIVE_BACK_WITHIN = Duration.ofSeconds(10);

  private Worker() {}

  /** Starts the process. */
  public static void main(String[] args) throws InterruptedException, IOException {
    // A thread that dies of an Error would leave its batch held for ever: better a new process.
    Thread.setDefaultUncaughtExceptionHandler(
        (thread, e) -> {
          LOG.error(
              "{} died: this worker ends, its batches are delivered again",
              thread,
              Unforeseen.untold(e));
          Runtime.getRuntime().halt(3);
        });
    switch (args.length == 1 ? args[0] : "") {
      case "plan" -> plan(environment(false));
      case "run" -> run(environment(true));
      case "hold" -> atStage(environment(true), StageWorkers::holder);
      case "redrive" -> redrive(environment(false));
      case "rehearse" -> rehearse();
      default -> {
        LOG.error("usage: worker plan | worker run | worker hold | worker redrive");
        System.exit(2);
      }
    }
  }

  /** The environment; ends the process, saying why, if it is not what the operator would set. */
  private static WorkerEnvironment environment(boolean ofStage) {
    try {
      WorkerEnvironment environment = WorkerEnvironment.read(System.getenv());
      if (ofStage && environment.stage().isEmpty()) {
        throw new IllegalStateException("DROVER_STAGE is not set: name the stage to work at");
      }
      return environment;
    } catch (IllegalStateException e) {
      LOG.error(e.getMessage());
      System.exit(2);
      throw e;
    }
  }

  private static void plan(WorkerEnvironment environment) throws InterruptedException, IOException {
    try (Connection nats = connect(environment)) {
      StateStore state = StateStore.open(nats, environment.names());
      try (SlotKeeper slots = new SlotKeeper(nats, state, holder(environment, "plan"))) {
        new PlanJob(
                state,
                environment.revision(),
                environment.uid(),
                databases(environment, "plan", slots))
            .run();
      }
    }
  }

  private static Databases databases(
      WorkerEnvironment environment, String stage, SessionPermits permits) {
    return new PostgresDatabases(
        environment.secrets(),
        PostgresDatabases.applicationName(environment.migration(), stage),
        permits);
  }

  private static Holder holder(WorkerEnvironment environment, String stage) {
    return new Holder(environment.namespace(), environment.migration(), stage, environment.pod());
  }

  /** Carries out one Redrive and ends; told to stop before, it leaves the rest to the next. */
  private static void redrive(WorkerEnvironment environment)
      throws InterruptedException, IOException {
    String uid =
        environment
            .redrive()
            .orElseThrow(() -> new IllegalStateException("DROVER_REDRIVE is not set"));
    Connection nats = connect(environment);
    StateStore state = StateStore.open(nats, environment.names());
    try (Stalls stalls = new Stalls(state, "redrive-" + uid, environment.pod(), Clock.systemUTC());
        SlotKeeper slots = new SlotKeeper(nats, state, holder(environment, "redrive"))) {
      RedriveContext context =
          RedriveContext.of(uid, nats, environment.names(), state, stalls, Clock.systemUTC());
      RedriveWorker worker =
          new RedriveWorker(
              context,
              new DecisionLog(nats, environment.names(), context.publisher(), stalls),
              new SourceSessions(
                  environment.secrets(), databases(environment, "redrive", slots), stalls));
      CountDownLatch left = new CountDownLatch(1);
      leaveWhenAsked(
          () -> {
            worker.stop();
            stalls.leaving().ask();
          },
          environment.grace(),
          left);
      try {
        worker.run();
      } catch (InterruptedException e) {
        LOG.info("leaving before all is done: the next worker of this Redrive goes on");
        Thread.interrupted(); // it has done what it was for
      } finally {
        left.countDown();
      }
    } finally {
      nats.close();
    }
  }

  /** For who makes an image, see {@link Rehearsal}. */
  private static void rehearse() {
    try {
      Rehearsal.run(System.getenv());
    } catch (Exception e) {
      LOG.error("the rehearsal failed", e);
      System.exit(1);
    }
  }

  static void run(WorkerEnvironment environment) throws InterruptedException, IOException {
    atStage(environment, StageWorkers::create);
  }

  /** Makes what works at a stage. */
  @FunctionalInterface
  private interface Maker {
    StageWorker make(StageContext context, WorkerEnvironment environment, Databases databases)
        throws IOException, InterruptedException;
  }

  private static void atStage(WorkerEnvironment environment, Maker maker)
      throws InterruptedException, IOException {
    String stage = environment.stage().orElseThrow();
    PrometheusMeterRegistry registry = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
    Tags tags =
        Tags.of(
            "migration",
            environment.migration(),
            "namespace",
            environment.namespace(),
            "stage",
            stage);
    AtomicBoolean ready = new AtomicBoolean();
    try (HttpEndpoint http = new HttpEndpoint(environment.httpPort(), registry, ready::get);
        JvmGcMetrics gc = new JvmGcMetrics()) {
      new JvmMemoryMetrics().bindTo(registry);
      new ProcessorMetrics().bindTo(registry);
      gc.bindTo(registry);
      Connection nats = connect(environment);
      StateStore state = StateStore.open(nats, environment.names());
      CountDownLatch left = new CountDownLatch(1);
      try (Stalls stalls = new Stalls(state, stage, environment.pod(), Clock.systemUTC());
          SlotKeeper slots = new SlotKeeper(nats, state, holder(environment, stage));
          PaceKeeper pace = new PaceKeeper(state, stage);
          BudgetKeeper budget = new BudgetKeeper(nats, environment.names(), state, stage)) {
        StageMetrics.stalled(registry, tags, stalls::any);
        StageContext context =
            new StageContext(
                stage,
                environment.revision(),
                spec(state, environment.revision()),
                environment.pod(),
                environment.names(),
                nats,
                state,
                new Publisher(nats.jetStream(), stalls),
                stalls,
                pace,
                budget,
                new StageMetrics(registry, tags),
                Clock.systemUTC(),
                nats.getMaxPayload());
        work(
            maker.make(context, environment, databases(environment, stage, slots)),
            ready,
            environment.grace(),
            left);
      } finally {
        // Last, since what is given back and the end of a stall are told by it.
        nats.close();
        left.countDown();
      }
    }
  }

  /** Works until the process is asked to end. */
  private static void work(
      StageWorker worker, AtomicBoolean ready, Duration grace, CountDownLatch left) {
    leaveWhenAsked(worker::stop, grace, left);
    try (worker) {
      ready.set(true);
      LOG.info("working");
      worker.run();
    } catch (InterruptedException e) {
      LOG.info("leaving before all in hand is done: it is given back");
    } finally {
      // An interruption has done what it was for, and would keep the rest from closing well.
      Thread.interrupted();
    }
  }

  /** Lets the calling thread finish its work when the process is asked to end. */
  private static void leaveWhenAsked(Runnable stop, Duration grace, CountDownLatch left) {
    Thread working = Thread.currentThread();
    Duration half = grace.dividedBy(2);
    Duration last = half.compareTo(GIVE_BACK_WITHIN) < 0 ? half : GIVE_BACK_WITHIN;
    Runtime.getRuntime()
        .addShutdownHook(
            new Thread(
                () -> {
                  stop.run();
                  try {
                    if (left.await(grace.minus(last).toMillis(), TimeUnit.MILLISECONDS)) {
                      return;
                    }
                    working.interrupt();
                    // The rest of it is for the process to end before it is killed.
                    if (!left.await(last.dividedBy(2).toMillis(), TimeUnit.MILLISECONDS)) {
                      LOG.warn("leaving with work in hand; it will be delivered again");
                    }
                  } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                  }
                },
                "leave"));
  }

  private static Connection connect(WorkerEnvironment environment) throws InterruptedException {
    Backoff backoff = new Backoff(Duration.ofMillis(200), Duration.ofSeconds(5));
    String name = environment.migration() + "/" + environment.stage().orElse("job");
    while (true) {
      try {
        return environment.nats().connect(name);
      } catch (IOException e) {
        LOG.warn(
            "NATS at {} does not answer: {}",
            NatsEndpoint.withoutCredentials(environment.nats().url()),
            e.getMessage());
      }
      backoff.pause();
    }
  }

  private static ChainSpec spec(StateStore state, String revision) throws InterruptedException {
    Backoff backoff = new Backoff(Duration.ofMillis(200), Duration.ofSeconds(5));
    while (true) {
      try {
        return state
            .spec(revision)
            .orElseThrow(() -> new IOException("the state bucket lacks spec " + revision));
      } catch (IOException | JetStreamApiException | IllegalStateException e) {
        LOG.warn("cannot read what to do: {}", e.getMessage());
      }
      backoff.pause();
    }
  }
}
