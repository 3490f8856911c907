package dev.drover.operator.chain;

import static dev.drover.operator.chain.PlayedWorker.REVISION;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.drover.api.v1alpha1.MigrationSpec;
import dev.drover.operator.chain.PlayedWorker.Judge;
import dev.drover.wire.names.ChainNames;
import dev.drover.wire.nats.NatsCluster;
import dev.drover.wire.nats.NatsServer;
import dev.drover.wire.plan.ChainPlan;
import dev.drover.wire.plan.ChainSpec;
import dev.drover.wire.plan.StageSpec;
import dev.drover.wire.plan.StageSpec.LoadMode;
import dev.drover.wire.queues.QueueLayout;
import io.nats.client.Connection;
import io.nats.client.JetStreamSubscription;
import io.nats.client.Message;
import io.nats.client.PullSubscribeOptions;
import io.nats.client.PurgeOptions;
import io.nats.client.api.ClusterInfo;
import io.nats.client.api.Replica;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.UUID;
import java.util.concurrent.Callable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Queues that three servers keep. */
class ReplicatedQueuesIT {
  private static final MigrationSpec.Queues THREE = new MigrationSpec.Queues("64Mi", 3);
  private static final String LOSSY = "2.15.2";
  private static final int BATCHES = 20;

  private static NatsCluster cluster;

  private final ChainRef ref = new ChainRef("shop", "orders", UUID.randomUUID().toString());
  private final ChainNames names = ref.names();
  private Instant now = Instant.now();
  private NatsLink link;
  private Connection nats;

  /** What the server is taken for; null for what it is. */
  private String version;

  @BeforeAll
  static void start() {
    cluster = NatsCluster.start();
  }

  @AfterAll
  static void stop() {
    cluster.close();
  }

  @BeforeEach
  void open() throws Exception {
    link = new NatsLink(cluster::endpoint);
    nats = cluster.connect();
  }

  @AfterEach
  void close() throws Exception {
    await() // until the servers are agreed again
        .atMost(Duration.ofSeconds(30))
        .ignoreException(ChainUnavailableException.class)
        .until(() -> operator().delete(MigrationSpec.QueueDeletionPolicy.Delete) != null);
    nats.close();
    link.close();
  }

  /** An operator that remembers nothing. */
  private Chain operator() {
    return new Chains(link, () -> now, () -> version == null ? link.serverVersion() : version)
        .of(ref);
  }

  private static void unsafe(Callable<?> begin) {
    assertThatThrownBy(begin::call)
        .hasMessageContaining("NATS 2.15.2 may lose batches")
        .hasMessageContaining("update the NATS servers to 2.14.10, 2.15.3 or later")
        .hasMessageContaining("or set spec.queues.replicas to 1")
        .isInstanceOfSatisfying(
            ChainUnavailableException.class,
            e -> assertThat(e.reason()).isEqualTo("NatsVersionUnsafe"));
  }

  private boolean publishSpec(Chain chain, MigrationSpec.Queues queues) {
    chain.publishSpec(REVISION, PlayedWorker.spec(), queues);
    return true;
  }

  private boolean ensureQueues(Chain chain, MigrationSpec.Queues queues) {
    chain.ensureQueues(PlayedWorker.spec(), queues);
    return true;
  }

  @Test
  void a_server_tells_its_version() {
    link.maxPayload();

    assertThat(link.serverVersion()).isEqualTo(nats.getServerInfo().getVersion()).isNotEmpty();
    assertThat(LossyVersions.contain(link.serverVersion())).isFalse();
  }

  @Test
  void a_chain_does_not_begin_where_servers_may_lose_its_batches_until_they_are_updated()
      throws Exception {
    Chain chain = operator();
    version = LOSSY;

    unsafe(() -> publishSpec(chain, THREE));
    assertThat(nats.jetStreamManagement().getStreamNames())
        .noneMatch(stream -> stream.contains(names.id()));

    version = null;
    publishSpec(chain, THREE);
    version = LOSSY;
    unsafe(() -> ensureQueues(chain, THREE));
    assertThat(nats.jetStreamManagement().getStreamNames())
        .doesNotContain(names.queueStream("read"));

    version = null;
    ensureQueues(chain, THREE);
    assertThat(nats.jetStreamManagement().getStreamNames()).contains(names.queueStream("read"));
    assertThat(chain.danger(THREE)).isEmpty();
  }

  private int replicas(String stage) throws Exception {
    return nats.jetStreamManagement()
        .getStreamInfo(names.queueStream(stage))
        .getConfiguration()
        .getReplicas();
  }

  @Test
  void what_is_kept_once_may_begin_with_any_server_and_stays_so_until_it_is_safe()
      throws Exception {
    MigrationSpec.Queues once = new MigrationSpec.Queues("64Mi", 1);
    Chain chain = operator();
    version = LOSSY;

    publishSpec(chain, once);
    ensureQueues(chain, once);

    chain.advance(REVISION, PlayedWorker.spec(), PlayedWorker.plan(1, 0), false);
    // An edit would bring it where it can be lost.
    ensureQueues(chain, THREE);
    assertThat(chain.danger(THREE)).isPresent();
    assertThat(replicas("read")).isEqualTo(1);
    version = null;
    ensureQueues(operator(), THREE);
    assertThat(replicas("read")).isEqualTo(3);

    assertThat(chain.danger(once)).isEmpty();
  }

  @Test
  void a_chain_that_has_begun_goes_on_with_a_server_that_may_lose_its_batches_and_tells_it()
      throws Exception {
    ChainPlan plan = PlayedWorker.plan(1, 0);
    Chain chain = operator();
    publishSpec(chain, THREE);
    ensureQueues(chain, THREE);
    chain.advance(REVISION, PlayedWorker.spec(), plan, false);
    PlayedWorker worker = new PlayedWorker(nats, names);

    version = LOSSY;
    Chain next = operator();
    publishSpec(next, THREE);
    ensureQueues(next, THREE);
    worker.extract(2, 10);
    worker.clean(Judge.PASS);
    worker.load(Judge.PASS);

    assertThat(next.danger(THREE).orElseThrow()).contains("NATS 2.15.2 may lose batches");
    assertThat(next.advance(REVISION, PlayedWorker.spec(), plan, false).splitsDone()).isEqualTo(1);
  }

  @Test
  void a_lost_queue_names_the_server_that_may_have_lost_it() throws Exception {
    ChainPlan plan = PlayedWorker.plan(1, 0);
    Chain chain = operator();
    publishSpec(chain, THREE);
    ensureQueues(chain, THREE);
    chain.advance(REVISION, PlayedWorker.spec(), plan, false);
    new PlayedWorker(nats, names).extract(2, 10);
    nats.jetStreamManagement()
        .purgeStream(names.queueStream("read"), PurgeOptions.builder().build());
    chain.advance(REVISION, PlayedWorker.spec(), plan, false);
    now = now.plusSeconds(11);

    assertThat(chain.advance(REVISION, PlayedWorker.spec(), plan, false).balance().message())
        .contains("purged or made anew. The records");
    version = LOSSY;
    assertThat(chain.advance(REVISION, PlayedWorker.spec(), plan, false).balance().message())
        .contains("purged or made anew, or NATS 2.15.2 lost them");
  }

  /**
   * A replica that starts again has the acknowledgements of its consumers on disk, and not the end
   * of its stream, which was not written yet. nats-server up to 2.15.2 then takes it that nobody
   * wants any of it.
   */
  @Test
  void a_replica_that_starts_again_keeps_what_only_one_of_two_readers_has_had() throws Exception {
    ChainSpec two =
        new ChainSpec(
            List.of(),
            List.of(
                new StageSpec.Extract("read", "legacy", List.of("public.*"), 1000),
                new StageSpec.Load("archive", "read", "copy", null, LoadMode.Upsert, List.of()),
                new StageSpec.Load("load", "read", "shop", null, LoadMode.Upsert, List.of())));
    new QueueSetup(link, names).ensureQueues(new QueueLayout(names, 64 << 20, 3), two);
    String stream = names.queueStream("read");
    Set<String> published = new TreeSet<>();
    for (int n = 0; n < BATCHES; n++) {
      String subject = names.queueSubject("read", "b" + n);
      nats.jetStream().publish(subject, new byte[1000]);
      published.add(subject);
    }
    assertThat(take(stream, "archive")).isEqualTo(published);

    String follower = follower(stream);
    NatsServer server = cluster.server(follower);
    Path block = server.streamFolder(stream).resolve("msgs/1.blk");
    Path state = server.streamFolder(stream).resolve("obs/archive/o.dat");
    await().until(() -> Files.exists(block) && Files.size(block) > BATCHES * 1000);
    await().until(() -> acknowledged(state) == BATCHES);
    server.kill();
    try (RandomAccessFile file = new RandomAccessFile(block.toFile(), "rw")) {
      file.setLength(file.length() - 1); // a record that is not whole is none
    }
    server.restart();

    await().atMost(Duration.ofSeconds(20)).until(() -> current(stream, follower));
    lead("STREAM.LEADER.STEPDOWN." + stream, follower, () -> streamCluster(stream));
    lead(
        "CONSUMER.LEADER.STEPDOWN." + stream + ".load",
        follower,
        () -> nats.jetStreamManagement().getConsumerInfo(stream, "load").getClusterInfo());
    assertThat(take(stream, "load")).isEqualTo(published);
  }

  /** All that a reader gets, acknowledged. */
  private Set<String> take(String stream, String reader) throws Exception {
    JetStreamSubscription subscription =
        nats.jetStream().subscribe(null, PullSubscribeOptions.bind(stream, reader));
    Set<String> subjects = new TreeSet<>();
    for (Message m : subscription.fetch(BATCHES, Duration.ofSeconds(5))) {
      subjects.add(m.getSubject());
      m.ackSync(Duration.ofSeconds(5));
    }
    subscription.unsubscribe();
    return subjects;
  }

  /**
   * Up to which message of the stream a consumer's state on disk has all acknowledged: its second
   * number after two bytes of header. One byte while the number is below 128.
   */
  private static int acknowledged(Path state) throws Exception {
    byte[] written = Files.exists(state) ? Files.readAllBytes(state) : new byte[0];
    return written.length < 4 ? 0 : written[3];
  }

  private ClusterInfo streamCluster(String stream) throws Exception {
    return nats.jetStreamManagement().getStreamInfo(stream).getClusterInfo();
  }

  /** A server that has a copy, does not lead, and is not the one that the test is connected to. */
  private String follower(String stream) throws Exception {
    return streamCluster(stream).getReplicas().stream()
        .map(Replica::getName)
        .filter(name -> !name.equals(nats.getServerInfo().getServerName()))
        .findFirst()
        .orElseThrow();
  }

  private boolean current(String stream, String server) {
    try {
      return streamCluster(stream).getReplicas().stream()
          .anyMatch(
              r ->
                  r.getName().equals(server) && r.isCurrent() && !r.isOffline() && r.getLag() == 0);
    } catch (Exception e) {
      return false;
    }
  }

  private void lead(String request, String server, Callable<ClusterInfo> now) {
    byte[] body =
        "{\"placement\":{\"preferred\":\"%s\"}}".formatted(server).getBytes(StandardCharsets.UTF_8);
    await()
        .atMost(Duration.ofSeconds(20))
        .pollInterval(Duration.ofMillis(300))
        .ignoreExceptions()
        .until(
            () -> {
              if (server.equals(now.call().getLeader())) {
                return true;
              }
              nats.request("$JS.API." + request, body, Duration.ofSeconds(2));
              return false;
            });
  }
}
