package dev.drover.operator.redrive;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import dev.drover.api.cluster.ApiServer;
import dev.drover.api.v1alpha1.Condition;
import dev.drover.api.v1alpha1.Migration;
import dev.drover.api.v1alpha1.MigrationSpec;
import dev.drover.api.v1alpha1.MigrationStatus;
import dev.drover.api.v1alpha1.Redrive;
import dev.drover.api.v1alpha1.RedriveStatus;
import dev.drover.operator.ServedNamespaces;
import dev.drover.operator.chain.Chain;
import dev.drover.operator.chain.ChainRef;
import dev.drover.operator.chain.Chains;
import dev.drover.operator.chain.NatsLink;
import dev.drover.operator.chain.PlayedWorker;
import dev.drover.operator.cluster.Kubelets;
import dev.drover.operator.desk.Requester;
import dev.drover.operator.workload.RedriveJob;
import dev.drover.operator.workload.WorkloadLabels;
import dev.drover.operator.workload.WorkloadSettings;
import dev.drover.operator.workload.Workloads;
import dev.drover.wire.batch.Provenance;
import dev.drover.wire.failure.SomeFailure;
import dev.drover.wire.names.ChainNames;
import dev.drover.wire.nats.NatsServer;
import dev.drover.wire.replay.Change;
import dev.drover.wire.replay.Journal;
import dev.drover.wire.replay.JournalBlock;
import dev.drover.wire.replay.JournalEntry;
import dev.drover.wire.replay.RedriveOrder;
import dev.drover.wire.replay.RedriveProgress;
import dev.drover.wire.replay.RedriveProgress.Phase;
import dev.drover.wire.replay.RenewedRows;
import dev.drover.wire.replay.Selector;
import dev.drover.wire.state.StateStore;
import dev.drover.wire.state.WireJson;
import io.fabric8.kubernetes.api.model.NamespaceBuilder;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.PodStatusBuilder;
import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.api.model.ResourceQuota;
import io.fabric8.kubernetes.api.model.ResourceQuotaBuilder;
import io.fabric8.kubernetes.api.model.ResourceQuotaStatus;
import io.fabric8.kubernetes.api.model.ResourceRequirements;
import io.fabric8.kubernetes.api.model.ServiceAccountBuilder;
import io.fabric8.kubernetes.api.model.Volume;
import io.fabric8.kubernetes.api.model.apps.DeploymentBuilder;
import io.fabric8.kubernetes.api.model.apps.DeploymentStatus;
import io.fabric8.kubernetes.api.model.apps.DeploymentStatusBuilder;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;
import io.javaoperatorsdk.operator.Operator;
import io.nats.client.Connection;
import io.nats.client.KeyValue;
import io.nats.client.api.StreamConfiguration;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.awaitility.Awaitility;
import org.awaitility.core.ConditionFactory;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The Redrive controller at a real API server and NATS, with the test in the worker's place. */
class RedriveIT {
  private static final WorkloadSettings SETTINGS =
      new WorkloadSettings(
          "worker:test",
          "Never",
          List.of(),
          "-Xmx64m",
          new ResourceRequirements(),
          Duration.ofSeconds(300),
          "nats://nats:4222",
          false,
          false);

  private static int namespaces;
  private static NatsServer server;

  private final KubernetesClient client = ApiServer.get().client();
  private final String namespace = "redrive-" + ++namespaces;
  private NatsLink link;
  private Connection nats;
  private Operator operator;
  private Kubelets kubelets;

  @BeforeAll
  static void startNats() {
    server = NatsServer.start();
  }

  @AfterAll
  static void stopNats() {
    server.close();
  }

  @BeforeEach
  void open() throws Exception {
    client
        .resource(
            new NamespaceBuilder().withNewMetadata().withName(namespace).endMetadata().build())
        .create();
    link = new NatsLink(server::endpoint);
    nats = server.connect();
    operator = new Operator(o -> o.withKubernetesClient(client).withCloseClientOnStop(false));
    RedriveController.register(
        operator,
        new ServedNamespaces(Set.of(namespace), Set.of()),
        SETTINGS,
        null,
        link,
        new Requester(false),
        Clock.systemUTC());
    operator.start();
    kubelets = new Kubelets(client, namespace);
  }

  @AfterEach
  void close() throws Exception {
    operator.stop();
    kubelets.close();
    nats.close();
    link.close();
  }

  private static ConditionFactory await() {
    return Awaitility.await().atMost(Duration.ofSeconds(60)).pollInterval(Duration.ofMillis(100));
  }

  private ApiServer.Result apply(String spec) {
    return ApiServer.get()
        .apply(
            namespace,
            """
            apiVersion: drover.dev/v1alpha1
            kind: Redrive
            metadata: {name: again}
            spec: %s
            """
                .formatted(spec));
  }

  private Redrive redrive() {
    return client.resources(Redrive.class).inNamespace(namespace).withName("again").get();
  }

  private static Condition condition(Redrive redrive, String type) {
    return redrive.getStatus().conditions().stream()
        .filter(c -> c.type().equals(type))
        .findFirst()
        .orElseThrow();
  }

  private void awaitComplete(String reason) {
    await()
        .untilAsserted(
            () -> {
              assertThat(redrive().getStatus()).isNotNull();
              assertThat(condition(redrive(), "Complete").reason()).isEqualTo(reason);
            });
  }

  private List<Job> jobs() {
    return client.resources(Job.class).inNamespace(namespace).list().getItems();
  }

  private Migration migration() {
    ApiServer.Result applied =
        ApiServer.get()
            .apply(
                namespace,
                """
                apiVersion: drover.dev/v1alpha1
                kind: Migration
                metadata: {name: orders}
                spec:
                  connections:
                    - name: legacy
                      jdbc: {url: "jdbc:postgresql://legacy/shop", credentialsSecretRef: {name: legacy-db}}
                    - name: shop
                      jdbc: {url: "jdbc:postgresql://shop/shop", credentialsSecretRef: {name: shop-db}}
                  stages:
                    - {name: read, extract: {connectionName: legacy, tables: ["public.*"]}}
                    - {name: load, from: read, load: {connectionName: shop}}
                """);
    assertThat(applied.code()).as(applied.output()).isZero();
    return client.resources(Migration.class).inNamespace(namespace).withName("orders").get();
  }

  /** As the Migration's own controller leaves it once it runs. */
  private void running(Migration migration) {
    Long generation = migration.getMetadata().getGeneration();
    client
        .resource(migration)
        .editStatus(
            m -> {
              m.setStatus(
                  new MigrationStatus(
                      generation,
                      Stream.of("Planned", "QueuesReady")
                          .map(
                              type ->
                                  new Condition(
                                      type, "True", "Fine", "", generation, "2026-01-01T00:00:00Z"))
                          .toList(),
                      null,
                      null,
                      null,
                      null,
                      null,
                      List.of(),
                      null,
                      List.of(),
                      null));
              return m;
            });
    var link = new Chains(this.link).of(ref(migration));
    link.publishSpec(
        PlayedWorker.REVISION, PlayedWorker.spec(), new MigrationSpec.Queues("64Mi", 1));
  }

  /** A stage's workers, of which so many run what the spec says now. */
  private void workers(int all, int updated) {
    Map<String, String> labels =
        Map.of(WorkloadLabels.MIGRATION, "orders", WorkloadLabels.STAGE, "load");
    var deployment =
        new DeploymentBuilder()
            .withNewMetadata()
            .withName("orders-load")
            .withNamespace(namespace)
            .withLabels(labels)
            .endMetadata()
            .withNewSpec()
            .withReplicas(all)
            .withNewSelector()
            .withMatchLabels(labels)
            .endSelector()
            .withNewTemplate()
            .withNewMetadata()
            .withLabels(labels)
            .endMetadata()
            .withNewSpec()
            .addNewContainer()
            .withName("worker")
            .withImage("worker:test")
            .endContainer()
            .endSpec()
            .endTemplate()
            .endSpec()
            .build();
    client.resource(deployment).createOr(present -> present.update());
    var status =
        new DeploymentStatusBuilder()
            .withObservedGeneration(1L)
            .withReplicas(all)
            .withUpdatedReplicas(updated)
            .withReadyReplicas(all)
            .build();
    // Whoever plays the controllers may be about to write it too, once.
    await()
        .pollInterval(Duration.ofMillis(300))
        .until(
            () -> {
              DeploymentStatus now = client.resource(deployment).get().getStatus();
              if (now.getUpdatedReplicas() != null && now.getUpdatedReplicas() == updated) {
                return true;
              }
              client
                  .resource(deployment)
                  .editStatus(
                      d -> {
                        d.setStatus(status);
                        return d;
                      });
              return all == 0;
            });
  }

  private static ChainRef ref(Migration m) {
    return new ChainRef(
        m.getMetadata().getNamespace(), m.getMetadata().getName(), m.getMetadata().getUid());
  }

  private StateStore state(Migration migration) throws Exception {
    ChainNames names = ref(migration).names();
    return StateStore.open(nats, names);
  }

  private void tell(Migration migration, Phase phase, long resolved, long again, String ended)
      throws Exception {
    state(migration)
        .bucket()
        .put(
            RedriveProgress.key(redrive().getMetadata().getUid()),
            progress(phase, resolved, again, ended));
  }

  private static byte[] progress(Phase phase, long resolved, long again, String ended) {
    return WireJson.bytes(
        new RedriveProgress(
            phase,
            "as told",
            77,
            20,
            resolved + again,
            resolved,
            again,
            0,
            0,
            0,
            List.of(),
            "2026-01-01T00:00:00Z",
            ended));
  }

  private static RedriveOrder order(String uid) {
    return new RedriveOrder(
        new JournalEntry.By("Redrive", uid, uid, 1),
        Selector.ALL,
        JournalEntry.Action.replay,
        Change.NONE,
        null,
        List.of(),
        null,
        null,
        false,
        false);
  }

  @Test
  void what_makes_no_sense_is_refused_when_it_is_applied() {
    Map<String, String> refusals =
        Map.of(
            "{migrationName: orders, action: Waive}", "reason: say why",
            "{migrationName: orders, correction: {a: 1}, set: [{field: a, to: '1'}]}",
                "give one of the two",
            "{migrationName: orders, action: Waive, reason: known, correction: {a: 1}}",
                "take no change",
            "{migrationName: orders, correction: 5}", "spec.correction",
            "{migrationName: orders, startAt: Source, set: [{field: a, to: '1'}]}",
                "take no change",
            "{migrationName: orders, ramp: [0]}", "spec.ramp[0]",
            "{migrationName: orders, stopOn: {}}", "give a count, a percent, or both",
            "{migrationName: orders, selector: {fingerprint: xyz}}", "spec.selector.fingerprint",
            "{migrationName: orders, selector: {seenAfter: yesterday}}", "spec.selector.seenAfter",
            "{selector: {stage: load}}", "spec.migrationName");
    refusals.forEach(RedriveIT.this::assertRefused);
    assertRefused("{migrationName: orders, action: Waive, reason: ' '}", "reason: say why");
    assertRefused(
        "{migrationName: orders, selector: {seenAfter: '2026-02-30T00:00:00Z'}}",
        "seenAfter: there is no such day");
    assertRefused(
        "{migrationName: orders, selector: {seenBefore: '2026-11-31T00:00:00Z'}}",
        "seenBefore: there is no such day");
    for (String stage : List.of("load ", "two words", ">", "clean.x")) {
      assertRefused(
          "{migrationName: orders, selector: {stage: '" + stage + "'}}", "spec.selector.stage");
    }
    assertThat(
            apply(
                    "{migrationName: orders, selector: {seenAfter: '2024-02-29T00:00:00Z', seenBefore: '2026-12-31T23:59:59.123456789Z'}}")
                .code())
        .isZero();
  }

  private void assertRefused(String spec, String why) {
    ApiServer.Result applied = apply(spec);
    assertThat(applied.code()).as(spec).isNotZero();
    assertThat(applied.output()).contains(why);
  }

  @Test
  void only_how_fast_can_be_changed() {
    String rest = "migrationName: orders, selector: {stage: load}, correction: {qty: 1}, suspend: ";
    assertThat(apply("{" + rest + "true}").code()).isZero();
    assertThat(apply("{" + rest + "false, ratePerSecond: 5}").code()).isZero();

    for (String other :
        List.of(
            "{" + rest.replace("qty: 1", "qty: 2") + "false}",
            "{" + rest.replace("load", "read") + "false}",
            "{migrationName: orders, correction: {qty: 1}}",
            "{" + rest + "false, dryRun: true}",
            "{migrationName: orders, selector: {stage: load}, startAt: Source}")) {
      ApiServer.Result refused = apply(other);
      assertThat(refused.code()).as(other).isNotZero();
      assertThat(refused.output()).contains("only suspend and ratePerSecond can be changed");
    }
  }

  @Test
  void a_migration_that_is_not_there_is_named() {
    assertThat(apply("{migrationName: nowhere}").code()).isZero();

    awaitComplete("MigrationNotFound");
    assertThat(condition(redrive(), "Valid").status()).isEqualTo("False");
    assertThat(condition(redrive(), "Ready").message())
        .contains("spec.migrationName", "nowhere", namespace);
    assertThat(jobs()).isEmpty();
  }

  @Test
  void nothing_is_sent_while_a_stage_still_runs_other_rules() {
    Migration migration = migration();
    running(migration);
    workers(2, 1);
    assertThat(apply("{migrationName: orders}").code()).isZero();

    awaitComplete("StagesRolling");
    assertThat(jobs()).isEmpty();

    workers(2, 2);
    await().until(() -> jobs().size() == 1);
  }

  @Test
  void a_worker_of_its_own_does_it_and_its_word_becomes_the_status() throws Exception {
    Migration migration = migration();
    running(migration);
    workers(0, 0);
    assertThat(
            apply(
                    "{migrationName: orders, reason: try it, selector: {stage: load, keys: ['7']}, ramp: [1, 10],"
                        + " set: [{field: qty, to: 'record.qty + 1'}], stopOn: {percent: 5}}")
                .code())
        .isZero();

    await().until(() -> jobs().size() == 1);
    Job job = jobs().getFirst();
    var container = job.getSpec().getTemplate().getSpec().getContainers().getFirst();
    assertThat(container.getArgs()).containsExactly("redrive");
    assertThat(container.getEnv())
        .anySatisfy(
            env -> {
              assertThat(env.getName()).isEqualTo("DROVER_REDRIVE");
              assertThat(env.getValue()).isEqualTo(redrive().getMetadata().getUid());
            });
    assertThat(redrive().getMetadata().getOwnerReferences())
        .singleElement()
        .satisfies(o -> assertThat(o.getUid()).isEqualTo(migration.getMetadata().getUid()));
    RedriveOrder order =
        WireJson.parse(
            state(migration)
                .bucket()
                .get(RedriveOrder.key(redrive().getMetadata().getUid()))
                .getValue(),
            RedriveOrder.class);
    assertThat(order.selector().keys()).containsExactly("7");
    assertThat(order.action()).isEqualTo(JournalEntry.Action.replay);
    assertThat(order.change().set().getFirst().to()).isEqualTo("record.qty + 1");
    assertThat(order.ramp()).containsExactly(1, 10);
    assertThat(order.stopPercent()).isEqualTo(5);
    assertThat(order.by().reason()).isEqualTo("try it");
    assertThat(order.by().user()).startsWith("kubectl");

    tell(migration, Phase.Running, 4, 1, null);
    awaitComplete("Running");
    RedriveStatus status = redrive().getStatus();
    assertThat(status.selected()).isEqualTo(20);
    assertThat(status.lastSequence()).isEqualTo(77);

    tell(migration, Phase.Complete, 19, 1, "2026-01-01T00:01:00Z");
    awaitComplete("SomeFailed");
    assertThat(condition(redrive(), "Complete").status()).isEqualTo("True");
    assertThat(condition(redrive(), "Ready").status()).isEqualTo("False");
    assertThat(redrive().getStatus().completionTime()).isEqualTo("2026-01-01T00:01:00Z");
    await().until(() -> jobs().isEmpty());
  }

  @Test
  void a_worker_that_reads_the_source_gets_its_secret_and_the_planned_revision() throws Exception {
    Migration migration = migration();
    running(migration);
    workers(0, 0);
    assertThat(
            apply(
                    "{migrationName: orders, startAt: Source,"
                        + " selector: {errorSequences: [7, 9]}}")
                .code())
        .isZero();
    awaitComplete("MigrationNotReady");
    assertThat(jobs()).as("not planned").isEmpty();

    planned(migration, "rev7");

    await().until(() -> jobs().size() == 1);
    Job job = jobs().getFirst();
    assertThat(job.getSpec().getTemplate().getSpec().getVolumes())
        .extracting(Volume::getName)
        .contains("connection-legacy")
        .doesNotContain("connection-shop");
    assertThat(RedriveJob.reads(job)).containsExactly("legacy");
    RedriveOrder order =
        WireJson.parse(
            state(migration)
                .bucket()
                .get(RedriveOrder.key(redrive().getMetadata().getUid()))
                .getValue(),
            RedriveOrder.class);
    assertThat(order.sourceRevision()).isEqualTo("rev7");
    assertThat(order.selector().sequences()).containsExactlyInAnyOrder(7L, 9L);

    state(migration)
        .bucket()
        .put(
            RedriveProgress.key(redrive().getMetadata().getUid()),
            WireJson.bytes(
                new RedriveProgress(
                    Phase.Complete,
                    "done",
                    9,
                    2,
                    0,
                    0,
                    0,
                    0,
                    0,
                    2,
                    List.of(),
                    "2026-01-01T00:00:00Z",
                    "2026-01-01T00:01:00Z",
                    List.of(
                        new RedriveProgress.Refusal("SourceRowGone", "no row has the key", 2)))));
    awaitComplete("NothingSent");
    assertThat(redrive().getStatus().refusals())
        .containsExactly(new RedriveStatus.Refusal("SourceRowGone", "no row has the key", 2));
  }

  private void planned(Migration migration, String revision) {
    client
        .resource(client.resource(migration).get())
        .editStatus(
            m -> {
              MigrationStatus s = m.getStatus();
              m.setStatus(
                  new MigrationStatus(
                      s.observedGeneration(),
                      s.conditions(),
                      null,
                      null,
                      null,
                      null,
                      new MigrationStatus.Plan(revision, 1, 1, 1L, List.of()),
                      List.of(),
                      null,
                      List.of(),
                      null));
              return m;
            });
  }

  @Test
  void the_samples_of_one_that_has_ended_follow_what_its_migration_lets_be_shown()
      throws Exception {
    Migration migration = migration();
    running(migration);
    workers(0, 0);
    assertThat(apply("{migrationName: orders, dryRun: true}").code()).isZero();
    await().until(() -> jobs().size() == 1);
    var record = JsonNodeFactory.instance.objectNode().put("id", 1).put("email", "a@b.example");
    state(migration)
        .bucket()
        .put(
            RedriveProgress.key(redrive().getMetadata().getUid()),
            WireJson.bytes(
                new RedriveProgress(
                    Phase.Complete,
                    "done",
                    9,
                    1,
                    0,
                    0,
                    0,
                    0,
                    0,
                    0,
                    List.of(
                        new RedriveProgress.Sample(
                            7,
                            "load",
                            "public.orders",
                            "1",
                            record,
                            record,
                            null,
                            Provenance.NONE)),
                    "2026-01-01T00:00:00Z",
                    "2026-01-01T00:01:00Z")));
    awaitComplete("DryRun");
    assertThat(email()).isEqualTo("a@b.example");
    RedriveUpkeep upkeep = upkeep(InstantSource.system());
    upkeep.sync(migration, ref(migration));
    assertThat(email()).isEqualTo("a@b.example");

    migration = failedRecords(migration, "{\"redact\": [\"/email\"]}");
    upkeep.sync(migration, ref(migration));
    assertThat(email()).isEqualTo("***");
    assertThat(redrive().getStatus().completionTime()).isNotNull();

    migration = failedRecords(migration, "{\"redact\": null}");
    upkeep.sync(migration, ref(migration));
    assertThat(email()).as("its worker's word is still there").isEqualTo("a@b.example");

    state(migration).bucket().delete(RedriveProgress.key(redrive().getMetadata().getUid()));
    migration = failedRecords(migration, "{\"payload\": \"Redacted\"}");
    upkeep(InstantSource.system()).sync(migration, ref(migration));
    assertThat(email()).as("also when it is gone").isEqualTo("***");
  }

  @Test
  void a_worker_that_does_not_start_is_told_with_its_pods_reason() throws Exception {
    Migration migration = migration();
    running(migration);
    workers(1, 1);
    assertThat(apply("{migrationName: orders}").code()).isZero();
    await().until(() -> jobs().size() == 1);
    Job job = jobs().getFirst();
    client
        .resource(
            new ServiceAccountBuilder()
                .withNewMetadata()
                .withName("default")
                .withNamespace(namespace)
                .endMetadata()
                .build())
        .serverSideApply();
    Pod pod =
        client
            .resource(
                new PodBuilder()
                    .withNewMetadata()
                    .withName("again-x")
                    .withNamespace(namespace)
                    .withLabels(Map.of("batch.kubernetes.io/job-name", job.getMetadata().getName()))
                    .endMetadata()
                    .withNewSpec()
                    .addNewContainer()
                    .withName("worker")
                    .withImage("worker:none")
                    .endContainer()
                    .endSpec()
                    .build())
            .create();
    pod(pod, "ImagePullBackOff", "Back-off pulling image \"worker:none\"");
    awaitComplete("WorkerNotStarting");
    assertThat(condition(redrive(), "Ready").message())
        .isEqualTo(
            "pod again-x does not start: ImagePullBackOff: Back-off pulling image \"worker:none\"");
    assertThat(condition(redrive(), "Valid").status()).isEqualTo("Unknown");

    tell(migration, Phase.Running, 1, 0, null);
    await()
        .untilAsserted(
            () ->
                assertThat(condition(redrive(), "Complete").message())
                    .contains("as told", "pod again-x does not start: ImagePullBackOff"));
    client.resource(pod).delete();
    await()
        .untilAsserted(
            () ->
                assertThat(condition(redrive(), "Complete").message())
                    .doesNotContain("does not start")
                    .contains("Job " + job.getMetadata().getName() + " has no pod", "a quota"));
  }

  @Test
  void a_worker_that_may_not_be_made_is_told_and_made_once_it_may() {
    Migration migration = migration();
    running(migration);
    workers(1, 1);
    Map<String, Quantity> none = Map.of("count/jobs.batch", new Quantity("0"));
    ResourceQuota quota =
        client
            .resource(
                new ResourceQuotaBuilder()
                    .withNewMetadata()
                    .withName("no-jobs")
                    .withNamespace(namespace)
                    .endMetadata()
                    .withNewSpec()
                    .withHard(none)
                    .endSpec()
                    .build())
            .create();
    // There is no controller here that would.
    client
        .resource(quota)
        .editStatus(
            q -> {
              q.setStatus(new ResourceQuotaStatus(none, none));
              return q;
            });
    await()
        .until(
            () ->
                ApiServer.get()
                        .kubectl(
                            "",
                            "create",
                            "job",
                            "probe",
                            "--image=none",
                            "--dry-run=server",
                            "-n",
                            namespace)
                        .code()
                    != 0);
    assertThat(apply("{migrationName: orders}").code()).isZero();

    awaitComplete("ApiServerRefuses");
    assertThat(condition(redrive(), "Ready").message()).contains("exceeded quota: no-jobs");

    client.resource(quota).delete();
    await().until(() -> jobs().size() == 1);
    awaitComplete("WorkerStarting");
  }

  private void pod(Pod pod, String reason, String message) {
    client
        .resource(pod)
        .editStatus(
            now -> {
              now.setStatus(
                  new PodStatusBuilder()
                      .withPhase("Pending")
                      .addNewContainerStatus()
                      .withName("worker")
                      .withImage("worker:none")
                      .withImageID("")
                      .withReady(false)
                      .withRestartCount(0)
                      .withNewState()
                      .withNewWaiting(message, reason)
                      .endState()
                      .endContainerStatus()
                      .build());
              return now;
            });
  }

  @Test
  void one_that_has_ended_tells_which_edit_it_has_seen() throws Exception {
    Migration migration = migration();
    running(migration);
    workers(1, 1);
    assertThat(apply("{migrationName: orders}").code()).isZero();
    await().until(() -> jobs().size() == 1);
    tell(migration, Phase.Complete, 20, 0, "2026-01-01T00:01:00Z");
    await().until(() -> redrive().getStatus().completionTime() != null);

    assertThat(apply("{migrationName: orders, ratePerSecond: 7}").code()).isZero();

    await()
        .untilAsserted(
            () ->
                assertThat(redrive().getStatus().observedGeneration())
                    .isEqualTo(redrive().getMetadata().getGeneration())
                    .isEqualTo(2));
    assertThat(redrive().getStatus().conditions())
        .as("kubectl wait goes by these")
        .isNotEmpty()
        .allSatisfy(c -> assertThat(c.observedGeneration()).isEqualTo(2));
    assertThat(redrive().getStatus().resolved()).isEqualTo(20);
    assertThat(redrive().getStatus().completionTime()).isNotNull();
  }

  private String email() {
    return redrive().getStatus().samples().getFirst().before().get("email").asText();
  }

  private Migration failedRecords(Migration migration, String merged) {
    return client
        .resource(migration)
        .patch(
            PatchContext.of(PatchType.JSON_MERGE), "{\"spec\":{\"failedRecords\":" + merged + "}}");
  }

  @Test
  void of_one_that_is_gone_nothing_stays_but_rows_that_may_still_have_to_be_sent()
      throws Exception {
    Migration migration = migration();
    running(migration);
    ChainRef ref = ref(migration);
    new Chains(link).of(ref).ensureQueues(PlayedWorker.spec(), new MigrationSpec.Queues("64Mi", 1));
    workers(0, 0);
    assertThat(apply("{migrationName: orders}").code()).isZero();
    await().until(() -> jobs().size() == 1);
    var bucket = state(migration).bucket();
    String here = RenewedRows.key(redrive().getMetadata().getUid(), "a");
    String unclaimed = RenewedRows.key("gone", "unclaimed");
    String unsent = RenewedRows.key("gone", "unsent");
    String unread = RenewedRows.key("gone", "unread");
    byte[] rows = new RenewedRows("s", "rev1", false, new byte[] {1}).toBytes();
    for (String key : List.of(here, unclaimed, unsent)) {
      bucket.put(key, rows);
    }
    bucket.put(unread, new RenewedRows("s", "rev1", true, new byte[] {1}).toBytes());
    bucket.put(RedriveOrder.key("gone"), WireJson.bytes(order("gone")));
    bucket.put(RedriveProgress.key("gone"), progress(Phase.Complete, 20, 0, "ended"));
    JournalEntry entry = claim(ref.names(), 7, "load", unsent);
    claim(ref.names(), 8, "read", unread);

    upkeep(Duration.ZERO).sync(migration, ref);
    assertThat(bucket.keys("redrive.gone.>")).as("its worker may still live").hasSize(5);

    upkeep(Duration.ofMinutes(11)).sync(migration, ref);
    assertThat(bucket.keys("redrive.gone.>"))
        .as("not decided: who sends it needs it")
        .containsExactlyInAnyOrder(unsent, RedriveOrder.key("gone"), RedriveProgress.key("gone"));
    assertThat(bucket.get(here)).isNotNull();
    assertThat(
            nats.jetStreamManagement()
                .getLastMessage(
                    ref.names().queueStream("read"), ref.names().queueSubject("read", "r8-p0"))
                .getData())
        .as("nobody else would know whether it was sent")
        .containsExactly(1);

    nats.jetStream()
        .publish(ref.names().decisionSubject("load", entry.batch().text()), new byte[0]);
    upkeep(Duration.ofMinutes(11)).sync(migration, ref);
    assertThat(bucket.keys("redrive.gone.>")).isEmpty();
    assertThat(bucket.get(here)).isNotNull();
  }

  @Test
  void one_deleted_in_mid_course_is_brought_to_its_end_by_a_worker_of_its_migration()
      throws Exception {
    Migration migration = migration();
    running(migration);
    workers(1, 1);
    assertThat(apply("{migrationName: orders}").code()).isZero();
    await().until(() -> jobs().size() == 1);
    tell(migration, Phase.Running, 3, 0, null);
    String uid = redrive().getMetadata().getUid();
    ChainRef ref = ref(migration);
    var bucket = state(migration).bucket();
    Instant[] now = {Instant.now()};
    RedriveUpkeep upkeep = upkeep(() -> now[0]);
    Runnable visit =
        () -> {
          now[0] = now[0].plusSeconds(11);
          upkeep.sync(migration, ref);
        };
    upkeep.sync(migration, ref);
    assertThat(order(bucket, uid).withdrawn()).isFalse();

    client.resource(redrive()).delete();
    await().until(() -> redrive() == null);
    now[0] = now[0].plus(Duration.ofMinutes(5));
    visit.run();
    assertThat(order(bucket, uid).withdrawn()).isTrue();
    jobs().forEach(job -> client.resource(job).delete()); // as the cluster's collector does
    await().until(() -> jobs().isEmpty());
    visit.run();
    visit.run();
    assertThat(jobs())
        .singleElement()
        .satisfies(
            job -> {
              assertThat(job.getMetadata().getOwnerReferences().getFirst().getUid())
                  .isEqualTo(ref.uid());
              assertThat(job.getSpec().getTemplate().getSpec().getContainers().getFirst().getEnv())
                  .anyMatch(e -> e.getName().equals("DROVER_REDRIVE") && e.getValue().equals(uid));
            });

    bucket.put(RedriveProgress.key(uid), progress(Phase.Stopped, 7, 0, "2026-01-01T00:01:00Z"));
    visit.run();
    await().until(() -> jobs().isEmpty());
    now[0] = now[0].plus(Duration.ofMinutes(11));
    visit.run();
    assertThat(bucket.keys("redrive.>")).isEmpty();
  }

  private static RedriveOrder order(KeyValue bucket, String uid) throws Exception {
    return WireJson.parse(bucket.get(RedriveOrder.key(uid)).getValue(), RedriveOrder.class);
  }

  @Test
  void what_cannot_be_sent_on_keeps_up_no_other_and_is_not_tried_at_every_visit() throws Exception {
    Migration migration = migration();
    ChainRef ref = ref(migration);
    MigrationSpec.Queues queues = new MigrationSpec.Queues("64Mi", 1);
    Chain chain = new Chains(link).of(ref);
    chain.publishSpec("rev1", PlayedWorker.spec(), queues);
    chain.ensureQueues(PlayedWorker.spec(), queues);
    var bucket = state(migration).bucket();
    byte[] rows = new RenewedRows("s", "rev1", true, new byte[] {1}).toBytes();
    String unsent = RenewedRows.key("gone", "unsent");
    bucket.put(unsent, rows);
    claim(ref.names(), 7, "read", unsent);
    for (String other : List.of("a", "b", "c", "d")) {
      bucket.put(RedriveOrder.key(other), WireJson.bytes(order(other)));
    }
    limit(ref.names().queueStream("read"), 1);
    Instant[] now = {Instant.now().plus(Duration.ofMinutes(11))};
    RedriveUpkeep upkeep = upkeep(() -> now[0]);

    upkeep.sync(migration, ref);
    assertThat(bucket.keys("redrive.>")).containsExactly(unsent);

    limit(ref.names().queueStream("read"), 1 << 20);
    upkeep.sync(migration, ref);
    assertThat(bucket.keys("redrive.>")).as("it was tried a moment ago").containsExactly(unsent);

    now[0] = now[0].plus(Duration.ofMinutes(6));
    upkeep.sync(migration, ref);
    assertThat(bucket.keys("redrive.>")).isEmpty();
    assertThat(
            nats.jetStreamManagement()
                .getStreamInfo(ref.names().queueStream("read"))
                .getStreamState()
                .getMsgCount())
        .isEqualTo(1);
  }

  private void limit(String stream, long bytes) throws Exception {
    nats.jetStreamManagement()
        .updateStream(
            StreamConfiguration.builder(
                    nats.jetStreamManagement().getStreamInfo(stream).getConfiguration())
                .maxBytes(bytes)
                .build());
  }

  /** One that remembers nothing, some time from now. */
  private RedriveUpkeep upkeep(Duration later) {
    return upkeep(() -> Instant.now().plus(later));
  }

  private RedriveUpkeep upkeep(InstantSource clock) {
    return new RedriveUpkeep(
        link,
        client,
        new Workloads(client, null, Clock.systemUTC()),
        new RedriveJob(SETTINGS),
        clock);
  }

  private JournalEntry claim(ChainNames names, long sequence, String stage, String rows)
      throws Exception {
    Journal journal = new Journal(nats, names);
    Journal.Page page = journal.page(JournalBlock.of(sequence));
    JournalEntry entry =
        JournalEntry.of(
                JournalEntry.Action.replay,
                List.of(SomeFailure.at(sequence, stage)),
                page,
                Change.NONE,
                new JournalEntry.By("Redrive", "gone", "gone", 1),
                "2026-01-01T00:00:00Z")
            .renewedBy(rows);
    assertThat(journal.append(page, entry)).isTrue();
    return entry;
  }

  @Test
  void a_refused_change_is_told_with_its_path() throws Exception {
    Migration migration = migration();
    running(migration);
    workers(1, 1);
    assertThat(apply("{migrationName: orders}").code()).isZero();
    await().until(() -> jobs().size() == 1);

    tell(migration, Phase.Refused, 0, 0, "2026-01-01T00:01:00Z");

    awaitComplete("ChangeRefused");
    assertThat(condition(redrive(), "Valid").status()).isEqualTo("False");
    assertThat(condition(redrive(), "Complete").message()).contains("nothing was sent", "as told");
  }

  @Test
  void suspended_it_has_no_worker_and_takes_up_again() throws Exception {
    Migration migration = migration();
    running(migration);
    workers(1, 1);
    assertThat(apply("{migrationName: orders, suspend: true}").code()).isZero();
    awaitComplete("Suspended");
    assertThat(jobs()).isEmpty();

    assertThat(apply("{migrationName: orders, suspend: false}").code()).isZero();
    await().until(() -> jobs().size() == 1);
    tell(migration, Phase.Suspended, 3, 0, null);
    assertThat(apply("{migrationName: orders, suspend: true}").code()).isZero();
    await().until(() -> jobs().isEmpty());
    awaitComplete("Suspended");
  }
}
