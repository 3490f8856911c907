package dev.drover.worker.chain;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.drover.wire.decision.Counts;
import dev.drover.wire.nats.NatsServer;
import dev.drover.wire.plan.ChainPlan;
import dev.drover.wire.plan.ChainSpec;
import dev.drover.wire.plan.StageSpec;
import dev.drover.wire.plan.StageSpec.LoadMode;
import dev.drover.wire.state.Stall;
import dev.drover.wire.state.WireJson;
import io.nats.client.JetStreamApiException;
import io.nats.client.JetStreamManagement;
import io.nats.client.PurgeOptions;
import io.nats.client.Subscription;
import io.nats.client.api.StorageType;
import io.nats.client.api.StreamConfiguration;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** NATS has no storage or no memory left, by a limit of its own. */
class StorageLimitIT extends ChainScenario {
  private static final int ROWS = 100_000;
  private static final long QUEUE = 8 << 20;
  private static final byte[] MUCH = new byte[1 << 19];

  @TempDir Path folder;

  @Test
  void a_server_without_storage_is_told_and_once_there_is_some_everything_arrives()
      throws Exception {
    Path store = Files.createDirectory(folder.resolve("server"));
    everythingArrives(
        store,
        """
        jetstream { store_dir: "%s", max_file_store: 40MB }
        """
            .formatted(store.resolve("store")));
  }

  @Test
  void an_account_without_storage_is_told_and_once_there_is_some_everything_arrives()
      throws Exception {
    everythingArrives(
        Files.createDirectory(folder.resolve("account")),
        """
        accounts { A { jetstream { max_file: 40MB }, users: [ { user: a, password: a } ] } }
        no_auth_user: a
        """);
  }

  private void everythingArrives(Path store, String limits) throws Exception {
    try (NatsServer small = NatsServer.startIn(store, limits);
        TestChain chain = new TestChain(small.url(), name, spec(), QUEUE)) {
      ChainPlan plan = planned(chain);
      Subscription told =
          chain.nats.subscribe("$KV." + chain.names.stateBucket() + ".stall.read.>");
      fill(chain);
      try (RunningStage read = RunningStage.start(chain, "read", databases.secrets)) {
        await()
            .atMost(SOON)
            .untilAsserted(() -> assertThat(reasons(told)).contains("NatsStorageFull"));
        assertThat(chain.recordsRead(plan)).isLessThan(ROWS);

        chain.nats.jetStreamManagement().deleteStream("filler");
        try (RunningStage load = RunningStage.start(chain, "load", databases.secrets)) {
          await().atMost(SOON).ignoreExceptions().until(() -> chain.finished(plan));
        }
        await().atMost(SOON).until(() -> !read.stalls().any());
      }
      assertEverythingArrived(chain, plan);
      assertThat(chain.state.bucket().keys("stall.>")).isEmpty();
    }
  }

  @Test
  void a_server_that_may_have_no_more_memory_dies_and_once_it_is_back_everything_arrives()
      throws Exception {
    Path store = Files.createDirectory(folder.resolve("memory"));
    try (NatsServer mortal = NatsServer.startIn(store, "");
        TestChain chain = new TestChain(mortal.url(), name, spec(), QUEUE)) {
      ChainPlan plan = planned(chain);
      try (RunningStage read = RunningStage.start(chain, "read", databases.secrets)) {
        await().atMost(SOON).until(() -> chain.recordsRead(plan) > 0);
        mortal.allowNoMoreMemory();
        while (mortal.alive()) {
          takeMemory(chain);
        }
        // Go's runtime has two words for it, one for its heap and one for its own books.
        assertThat(Files.readString(store.resolve("nats.log")))
            .containsAnyOf("out of memory", "cannot allocate memory");
        await().atMost(SOON).until(() -> read.stalls().any());

        mortal.restart();
        try (RunningStage load = RunningStage.start(chain, "load", databases.secrets)) {
          await().atMost(SOON).ignoreExceptions().until(() -> chain.finished(plan));
        }
        await().atMost(SOON).until(() -> !read.stalls().any());
      }
      assertEverythingArrived(chain, plan);
    }
  }

  private static ChainSpec spec() {
    return new ChainSpec(
        databases.connections(),
        List.of(
            new StageSpec.Extract("read", "legacy", List.of("public.item"), 20_000),
            new StageSpec.Load("load", "read", "target", null, LoadMode.Insert, List.of())));
  }

  private static ChainPlan planned(TestChain chain) throws Exception {
    inBoth("CREATE TABLE item (id integer PRIMARY KEY, note text)");
    databases.execute(
        "legacy",
        "INSERT INTO item SELECT i, repeat(md5(i::text), 8) FROM generate_series(1, "
            + ROWS
            + ") i",
        "ANALYZE item");
    ChainPlan plan = plan(chain);
    chain.dispatchAll(plan);
    return plan;
  }

  private static void assertEverythingArrived(TestChain chain, ChainPlan plan) throws Exception {
    assertThat(chain.recordsRead(plan)).isEqualTo(ROWS);
    assertThat(chain.tally("load")).isEqualTo(new Counts(ROWS, ROWS, 0, 0, 0, 0));
    assertThat(databases.checksum("target", "item"))
        .isEqualTo(databases.checksum("legacy", "item"));
  }

  private static Set<String> reasons(Subscription told) throws InterruptedException {
    Set<String> reasons = new HashSet<>();
    while (told.getPendingMessageCount() > 0) {
      byte[] stall = told.nextMessage(Duration.ofSeconds(1)).getData();
      if (stall.length > 0) {
        reasons.add(WireJson.parse(stall, Stall.class).reason());
      }
    }
    return reasons;
  }

  /** Somebody else's stream takes all that is left, but for what a few batches need. */
  private static void fill(TestChain chain) throws Exception {
    JetStreamManagement management = chain.nats.jetStreamManagement();
    management.addStream(StreamConfiguration.builder().name("filler").subjects("filler").build());
    try {
      while (true) {
        chain.nats.jetStream().publish("filler", MUCH);
      }
    } catch (JetStreamApiException full) {
      long held = management.getStreamInfo("filler").getStreamState().getMsgCount();
      management.purgeStream("filler", PurgeOptions.builder().keep(held - 8).build());
    }
  }

  /** Somebody else's stream, kept in memory. */
  private static void takeMemory(TestChain chain) throws Exception {
    try {
      chain
          .nats
          .jetStreamManagement()
          .addStream(
              StreamConfiguration.builder()
                  .name("hoard")
                  .subjects("hoard")
                  .storageType(StorageType.Memory)
                  .build());
      while (true) {
        chain.nats.jetStream().publish("hoard", MUCH);
      }
    } catch (IOException | IllegalStateException dead) {
      // What this was for, or soon will be.
    }
  }
}
