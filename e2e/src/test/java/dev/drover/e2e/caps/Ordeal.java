package dev.drover.e2e.caps;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.drover.api.v1alpha1.Redrive;
import dev.drover.e2e.Cluster;
import dev.drover.e2e.PodProcesses;
import dev.drover.e2e.SpecEdit;
import dev.drover.e2e.StagePods;
import dev.drover.e2e.chaos.PodNetwork;
import dev.drover.wire.names.ChainNames;
import dev.drover.wire.state.ConnectionCap;
import dev.drover.wire.state.StateStore;
import dev.drover.wire.state.WireJson;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.client.dsl.Resource;
import io.nats.client.Connection;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;

/**
 * What happens to a migration whose caps are looked after. After each event it is waited for until
 * all sessions that the target may have are in use again: so the next one meets them at work.
 */
final class Ordeal {
  static final String NAME = "caps";
  static final String TABLE = "caps.item";
  static final String LOGIN = "caps";
  static final int SOURCE_CAP = 3;
  static final int TARGET_CAP = 4;

  private static final int LOWERED_SOURCE_CAP = 2;
  private static final int LOWERED_TARGET_CAP = 2;

  /** What the caps allow beside one reader, and the most that may be wanted: twice that. */
  private static final String LOOKERS = scale(SOURCE_CAP - 1, 2 * SOURCE_CAP);

  private static final String LOADERS = scale(TARGET_CAP, 2 * TARGET_CAP);

  /** Within that time every worker has looked what its caps are, which it does each 3 s. */
  private static final Duration LOOKED = Duration.ofSeconds(5);

  private static final Duration LOWERED = Duration.ofSeconds(60);
  private static final Path ROOT = Path.of(System.getProperty("drover.root"));

  private final Instant began = Instant.now();
  private final Cluster cluster;
  private final Connection nats;
  private final SessionSampler source;
  private final SessionSampler target;
  private final StagePods pods;
  private Duration lostNodeListed = Duration.ZERO;

  Ordeal(Cluster cluster, Connection nats, SessionSampler source, SessionSampler target) {
    this.cluster = cluster;
    this.nats = nats;
    this.source = source;
    this.target = target;
    this.pods = new StagePods(cluster, NAME);
  }

  private static String scale(int min, int max) {
    return "\"scale\": {\"minReplicas\": %d, \"maxReplicas\": %d}".formatted(min, max);
  }

  private SpecEdit edit() {
    return SpecEdit.of(cluster, NAME);
  }

  /** With one worker each, until rows arrive. */
  void begin() throws Exception {
    redrive().delete();
    cluster.apply(Files.readString(ROOT.resolve("bench/caps.yaml")));
    until(
        "rows arrive",
        () -> !Cluster.database("target").query("SELECT 1 FROM " + TABLE + " LIMIT 1").isEmpty());
    say("rows arrive");
  }

  void scaleUp() throws Exception {
    edit().stage("look", LOOKERS).stage("load", LOADERS).apply();
    until("the source's sessions are all in use", () -> source.record().peak() >= SOURCE_CAP);
    inFullUse("scaled up");
  }

  /** New workers come while those that end are in the middle of a transaction. */
  void scaleDownWhileTransactionsLastAndUpAgain() throws Exception {
    edit().stage("load", scale(1, 1)).apply();
    until("loaders end", () -> pods.ending("load").size() >= 2);
    edit().stage("load", LOADERS).apply();
    until("as many new ones run", () -> pods.running("load").size() == TARGET_CAP);
    int ending = pods.ending("load").size();
    assertThat(ending).as("loaders that were still ending").isPositive();
    inFullUse("scaled down and up; " + ending + " were still ending when all new ones ran");
  }

  /** Rolls the transform, and has a planner ask for sessions of both databases. */
  void changeARule() throws Exception {
    rule("record.a >= -1 && record.id % 3000 != 7");
    inFullUse("a rule changed");
  }

  private void rule(String that) throws Exception {
    Set<String> before = pods.names("clean");
    edit()
        .stage(
            "clean",
            "\"transform\": {\"steps\": [{\"require\": {\"that\": \"%s\", \"code\": \"Negative\"}}]}"
                .formatted(that))
        .apply();
    replaced("clean", before);
  }

  private Resource<Redrive> redrive() {
    return cluster.client.resources(Redrive.class).inNamespace("default").withName(NAME);
  }

  /** The planner asks again, and a Redrive's worker reads at the source what has failed. */
  void redriveFromTheSource() throws Exception {
    until("records fail", () -> cluster.status(NAME).progress().failedRecords() > 0);
    rule("record.a >= -1");
    cluster
        .client
        .resource(
            cluster
                .client
                .getKubernetesSerialization()
                .unmarshal(
                    """
                    apiVersion: drover.dev/v1alpha1
                    kind: Redrive
                    metadata: {name: %1$s, namespace: default}
                    spec:
                      migrationName: %1$s
                      selector: {stage: clean}
                      startAt: Source
                      reason: the rule is mended
                    """
                        .formatted(NAME),
                    Redrive.class))
        .create();
    until(
        "the redrive is complete",
        () ->
            redrive().get().getStatus().conditions().stream()
                .anyMatch(c -> c.type().equals("Complete") && c.status().equals("True")));
    until(
        "the redrive has left nothing", () -> cluster.status(NAME).progress().failedRecords() == 0);
    inFullUse("read failed records again at the source");
  }

  /** All who have sessions, by an option of their connections' URLs. */
  void rollAllWhoConnect() throws Exception {
    List<String> stages = List.of("read", "look", "load");
    Map<String, Set<String>> before = new LinkedHashMap<>();
    stages.forEach(s -> before.put(s, pods.names(s)));
    SpecEdit edit = edit();
    for (dev.drover.api.v1alpha1.Connection c : cluster.migration(NAME).getSpec().connections()) {
      edit.connection(
          c.name(),
          "\"jdbc\": {\"url\": \"%s?connectTimeout=9\", \"credentialsSecretRef\": {\"name\": \"%s\"}}"
              .formatted(c.jdbc().url(), c.jdbc().credentialsSecretRef().name()));
    }
    edit.apply();
    before.forEach(this::replaced);
    inFullUse("all who connect rolled");
  }

  private void replaced(String stage, Set<String> before) {
    until(
        "the workers of " + stage + " are others",
        () ->
            !pods.running(stage).isEmpty()
                && pods.names(stage).stream().noneMatch(before::contains));
  }

  void killOne(String stage) throws Exception {
    Pod victim = kill(stage);
    until(name(victim) + " is gone", () -> !pods.names(stage).contains(name(victim)));
    inFullUse("killed " + name(victim));
  }

  private Pod kill(String stage) throws IOException {
    until(stage + " runs", () -> !pods.running(stage).isEmpty());
    Pod victim = pods.running(stage).getFirst();
    assertThat(PodProcesses.crash(cluster.client, victim)).as("killed " + name(victim)).isTrue();
    return victim;
  }

  /** Then nobody is left who could ask the server which sessions are gone. */
  void killAllLoaders() throws Exception {
    List<Pod> victims = pods.running("load");
    for (Pod victim : victims) {
      PodProcesses.kill(victim);
    }
    for (Pod victim : victims) {
      cluster.client.resource(victim).withGracePeriod(1).delete();
    }
    inFullUse("killed all " + victims.size() + " loaders at once");
  }

  /** Nothing that a loader's machine sends arrives any more, then it is gone. */
  void loseANode() throws Exception {
    Pod victim =
        pods.running("load").stream()
            .filter(p -> !sessions(p, target).isEmpty())
            .findFirst()
            .orElseThrow(() -> new AssertionError("no pod's address is in the session list"));
    Set<Integer> sessions = sessions(victim, target);
    new PodNetwork(PodProcesses.of(victim).getFirst().pid()).add(PodNetwork.cutFromAll());
    assertThat(PodProcesses.crash(cluster.client, victim)).isTrue();
    Instant lost = Instant.now();
    until(
        "the server gives up the sessions of the lost node",
        () -> sessions.stream().noneMatch(target.record().now().keySet()::contains));
    lostNodeListed = Duration.between(lost, Instant.now());
    inFullUse(
        "lost the node of %s, whose sessions the server listed for %d s"
            .formatted(name(victim), lostNodeListed.toSeconds()));
  }

  /** Workers of a stage that are not to end and have a session. */
  private long atWork(String stage, SessionSampler server) {
    return pods.running(stage).stream().filter(p -> !sessions(p, server).isEmpty()).count();
  }

  private static Set<Integer> sessions(Pod pod, SessionSampler server) {
    return server.record().nowWith(" " + pod.getStatus().getPodIP() + " ");
  }

  Duration lostNodeListed() {
    return lostNodeListed;
  }

  /** An edit that it has not seen waits for it, and a loader is killed while it is away. */
  void killTheOperator() throws Exception {
    List<Pod> operators =
        cluster
            .client
            .pods()
            .inNamespace("drover-system")
            .withLabel("app.kubernetes.io/name", "drover-operator")
            .list()
            .getItems();
    assertThat(operators).isNotEmpty();
    for (Pod operator : operators) {
      assertThat(PodProcesses.crash(cluster.client, operator)).isTrue();
    }
    kill("load");
    edit().stage("load", scale(1, 1)).apply();
    until("another operator heeds the edit", () -> pods.status("load").desiredReplicas() == 1);
    edit().stage("load", LOADERS).apply();
    inFullUse("killed the operator, and a loader meanwhile");
  }

  /** To half, while all sessions are in use. */
  void lowerCaps() throws Exception {
    edit()
        .connection("legacy", "\"maxConnections\": " + LOWERED_SOURCE_CAP)
        .connection("target", "\"maxConnections\": " + LOWERED_TARGET_CAP)
        .stage("look", scale(LOWERED_SOURCE_CAP - 1, 2 * SOURCE_CAP))
        .stage("load", scale(LOWERED_TARGET_CAP, 2 * TARGET_CAP))
        .apply();
    long accepted = System.nanoTime();
    until(
        "the workers are told",
        () -> toldCap("legacy") == LOWERED_SOURCE_CAP && toldCap("target") == LOWERED_TARGET_CAP);
    long known = System.nanoTime() + LOOKED.toNanos();
    source.record().lower(LOWERED_SOURCE_CAP, accepted, known);
    target.record().lower(LOWERED_TARGET_CAP, accepted, known);
    await("the lowered caps are in force")
        .atMost(LOWERED)
        .until(
            () ->
                source.record().cap() == LOWERED_SOURCE_CAP
                    && target.record().cap() == LOWERED_TARGET_CAP);
    inFullUse("lowered the caps");
  }

  private int toldCap(String connection) throws Exception {
    ChainNames names =
        ChainNames.of("default", NAME, cluster.migration(NAME).getMetadata().getUid());
    return WireJson.parse(
            StateStore.open(nats, names).bucket().get(ConnectionCap.key(connection)).getValue(),
            ConnectionCap.class)
        .maxConnections();
  }

  void raiseCaps() throws Exception {
    long now = System.nanoTime();
    source.record().raise(SOURCE_CAP, now);
    target.record().raise(TARGET_CAP, now);
    edit()
        .connection("legacy", "\"maxConnections\": " + SOURCE_CAP)
        .connection("target", "\"maxConnections\": " + TARGET_CAP)
        .stage("look", LOOKERS)
        .stage("load", LOADERS)
        .apply();
    inFullUse("raised the caps again");
  }

  /** Lets the databases go and waits for the last row, and for the end of the last session. */
  void finish() throws Exception {
    for (String database : List.of("legacy", "target")) {
      Cluster.database(database).execute("UPDATE caps.pace SET seconds = 0");
    }
    await("Completed")
        .atMost(Duration.ofMinutes(10))
        .pollInterval(Duration.ofSeconds(1))
        .ignoreExceptions()
        .until(() -> cluster.condition(NAME, "Completed").orElseThrow().status().equals("True"));
    until(
        "all sessions are ended",
        () -> source.record().now().isEmpty() && target.record().now().isEmpty());
    say("completed");
  }

  void tidyUp() {
    redrive().delete();
    cluster.delete(NAME);
    cluster.client.secrets().inNamespace("default").withName(NAME + "-db").delete();
  }

  /**
   * Waits until all sessions that the target may have are those of workers that live, and at the
   * source all but the reader's, who has one only while he reads. Tells how things stand.
   */
  private void inFullUse(String after) {
    until(
        "all sessions are in use after: " + after,
        () ->
            atWork("load", target) == target.record().cap()
                && atWork("look", source) == source.record().cap() - 1);
    SessionRecord record = target.record();
    say(
        "%s; sessions at the target %d of %d, at the source %d of %d; too many so far: %d",
        after,
        record.now().size(),
        record.cap(),
        source.record().now().size(),
        source.record().cap(),
        record.over() + source.record().over());
  }

  /** For whoever wants to know why it went no further. */
  void tellHowThingsStand() {
    say("sessions at the source: %s", source.record().now());
    say("sessions at the target: %s", target.record().now());
    cluster.status(NAME).conditions().forEach(c -> say("  %s", c));
    cluster.status(NAME).stages().forEach(s -> say("  %s", s));
  }

  private static void until(String what, Callable<Boolean> holds) {
    await(what)
        .atMost(Cluster.SOON)
        .pollInterval(Duration.ofMillis(100))
        .ignoreExceptionsMatching(e -> !(e instanceof AssertionError))
        .until(holds);
  }

  private static String name(Pod pod) {
    return pod.getMetadata().getName();
  }

  private void say(String format, Object... values) {
    double seconds = Duration.between(began, Instant.now()).toMillis() / 1000.0;
    System.out.printf("[%5.1fs] %s%n", seconds, format.formatted(values));
  }
}
