package dev.drover.operator;

import dev.drover.api.v1alpha1.Migration;
import dev.drover.operator.chain.Chain;
import dev.drover.operator.chain.ChainRef;
import dev.drover.operator.chain.Chains;
import dev.drover.operator.chain.NatsLink;
import dev.drover.operator.desk.FailedRecordController;
import dev.drover.operator.desk.FailedRecordDesk;
import dev.drover.operator.desk.Requester;
import dev.drover.operator.metrics.MigrationMetrics;
import dev.drover.operator.migration.ChainSource;
import dev.drover.operator.migration.FailureWindow;
import dev.drover.operator.migration.MigrationController;
import dev.drover.operator.redrive.RedriveController;
import dev.drover.operator.redrive.RedriveUpkeep;
import dev.drover.operator.workload.NatsSecret;
import dev.drover.operator.workload.RedriveJob;
import dev.drover.operator.workload.WorkloadSettings;
import dev.drover.operator.workload.Workloads;
import io.fabric8.kubernetes.api.model.ResourceRequirements;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.javaoperatorsdk.operator.Operator;
import io.quarkus.runtime.ShutdownEvent;
import io.quarkus.runtime.StartupEvent;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Observes;
import java.time.Clock;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Starts the operator with the application and stops it with it. An API server that is away at the
 * start is waited for: the pod is alive and not ready meanwhile.
 */
@ApplicationScoped
public class OperatorLifecycle {
  private static final Logger LOG = LoggerFactory.getLogger(OperatorLifecycle.class);
  private static final Duration TRY_AGAIN = Duration.ofSeconds(3);

  private final OperatorSettings settings;
  private final KubernetesClient client;
  private final NatsLink nats;
  private final Chains chains;
  private final MigrationMetrics metrics;
  private volatile Optional<Operator> operator = Optional.empty();
  private volatile boolean stopping;

  OperatorLifecycle(
      OperatorSettings settings,
      KubernetesClient client,
      NatsLink nats,
      Chains chains,
      MigrationMetrics metrics) {
    this.settings = settings;
    this.client = client;
    this.nats = nats;
    this.chains = chains;
    this.metrics = metrics;
  }

  void start(@Observes StartupEvent event) {
    Thread.ofPlatform().name("operator-start").daemon(false).start(this::startPatiently);
  }

  void stop(@Observes ShutdownEvent event) {
    stopping = true;
    operator.ifPresent(Operator::stop);
  }

  /** The operator, once it has started. */
  public Optional<Operator> operator() {
    return operator;
  }

  private void startPatiently() {
    while (!stopping) {
      Operator starting = assemble();
      try {
        starting.start();
        operator = Optional.of(starting);
        LOG.info("serving Migrations in {}", namespaces());
        return;
      } catch (RuntimeException e) {
        LOG.warn("cannot start yet, trying again in {} s: {}", TRY_AGAIN.toSeconds(), text(e));
        starting.stop();
        pause();
      }
    }
  }

  private Operator assemble() {
    Operator assembled =
        new Operator(
            config -> {
              Reconciliations.configure(config, client);
              config.withReconciliationTerminationTimeout(Duration.ofSeconds(5));
              if (settings.leaderElection()) {
                Reconciliations.elect(
                    config, settings.namespace(), settings.lease(), this::lostLease);
              }
            });
    OperatorSettings.Nats access = settings.nats();
    ServedNamespaces namespaces = namespaces();
    Requester requester = new Requester(settings.notesUsers());
    FailedRecordDesk desk =
        FailedRecordController.register(
            assembled, namespaces, nats, requester, InstantSource.system());
    NatsSecret natsSecret =
        access.credentialsFile().isPresent() || access.caFile().isPresent()
            ? new NatsSecret(access.credentialsFile().orElse(null), access.caFile().orElse(null))
            : null;
    RedriveController.register(
        assembled, namespaces, workloadSettings(), natsSecret, nats, requester, Clock.systemUTC());
    MigrationController.register(
        assembled,
        namespaces,
        workloadSettings(),
        natsSecret,
        source(chains),
        window(
            desk,
            new RedriveUpkeep(
                nats,
                assembled.getKubernetesClient(),
                new Workloads(assembled.getKubernetesClient(), natsSecret, Clock.systemUTC()),
                new RedriveJob(workloadSettings()),
                InstantSource.system())),
        metrics,
        Clock.systemUTC());
    return assembled;
  }

  /**
   * Another may lead from now on, so this process ends on the spot; everything is found again from
   * what is observed. (The SDK's own way, System.exit, never returns when it is called within an
   * orderly shutdown, which gives the Lease up too.)
   */
  private void lostLease() {
    if (!stopping) {
      LOG.error("the Lease is lost, another operator may lead: this one ends and starts anew");
      Runtime.getRuntime().halt(1);
    }
  }

  private static ChainSource source(Chains chains) {
    return new ChainSource() {
      @Override
      public Chain of(ChainRef ref) {
        return chains.of(ref);
      }

      @Override
      public void forget(ChainRef ref) {
        chains.forget(ref);
      }
    };
  }

  private static FailureWindow window(FailedRecordDesk desk, RedriveUpkeep redrives) {
    return new FailureWindow() {
      @Override
      public void sync(Migration migration, ChainRef chain, boolean busy) {
        desk.sync(migration, chain, busy);
      }

      @Override
      public void upkeep(Migration migration, ChainRef chain) {
        redrives.sync(migration, chain);
      }

      @Override
      public boolean empty(ChainRef chain) {
        return desk.showsNothing(chain);
      }

      @Override
      public void forget(String uid) {
        desk.forget(uid);
        redrives.forget(uid);
      }
    };
  }

  private ServedNamespaces namespaces() {
    return new ServedNamespaces(
        settings.watchNamespaces().orElse(Set.of()), settings.ignoreNamespaces().orElse(Set.of()));
  }

  private WorkloadSettings workloadSettings() {
    OperatorSettings.Worker worker = settings.worker();
    return new WorkloadSettings(
        worker.image(),
        worker.imagePullPolicy(),
        worker.imagePullSecrets().orElse(List.of()),
        worker.javaOptions(),
        client
            .getKubernetesSerialization()
            .unmarshal(worker.resources(), ResourceRequirements.class),
        Duration.ofSeconds(worker.terminationGracePeriodSeconds()),
        settings.nats().url(),
        settings.nats().credentialsFile().isPresent(),
        settings.nats().caFile().isPresent());
  }

  private static String text(Throwable e) {
    Throwable root = e;
    while (root.getCause() != null) {
      root = root.getCause();
    }
    return e.getMessage() + (root == e ? "" : " (" + root.getMessage() + ")");
  }

  private void pause() {
    try {
      Thread.sleep(TRY_AGAIN);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      stopping = true;
    }
  }
}
