package dev.drover.worker.chain;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.drover.wire.names.ChainNames;
import dev.drover.wire.plan.ChainPlan;
import dev.drover.wire.plan.ChainSpec;
import dev.drover.wire.plan.ConnectionSpec;
import dev.drover.wire.plan.StageSpec;
import dev.drover.wire.plan.StageSpec.LoadMode;
import dev.drover.wire.state.ConnectionCap;
import dev.drover.wire.state.Stall;
import dev.drover.wire.state.WireJson;
import dev.drover.worker.plan.PlanJob;
import dev.drover.worker.postgres.PostgresDatabases;
import dev.drover.worker.slots.Holder;
import dev.drover.worker.slots.SlotKeeper;
import io.nats.client.KeyValue;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.CleanupMode;
import org.junit.jupiter.api.io.TempDir;

/**
 * More workers than connections, some of which end without a word or stand still: the server itself
 * is asked every 20 ms how many sessions there are. Both databases are on one server, so what reads
 * and what writes share its cap. Rows take their time to load, so that a session goes on working
 * for a while after its worker is gone.
 */
class ConnectionCapIT extends ChainScenario {
  private static final int ROWS = 8_000;
  private static final String LOGIN = "mover";

  @TempDir(cleanup = CleanupMode.ON_SUCCESS)
  Path folder;

  private final List<WorkerProcess> workers = new ArrayList<>();
  private Path secrets;

  @BeforeEach
  void items() throws Exception {
    secrets = Files.createDirectory(folder.resolve("secrets"));
    for (String connection : List.of("legacy", "target")) {
      Path files = Files.createDirectory(secrets.resolve(connection));
      Files.writeString(files.resolve("username"), LOGIN);
      Files.writeString(files.resolve("password"), "moving");
    }
    databases.execute(
        "postgres",
        "DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'mover') THEN"
            + " CREATE ROLE mover LOGIN PASSWORD 'moving'; END IF; END $$",
        "GRANT CREATE ON DATABASE target TO mover");
    inBoth("ALTER SCHEMA public OWNER TO mover");
    for (String table : List.of("item", "other")) {
      inBoth(
          "CREATE TABLE " + table + " (id integer PRIMARY KEY, note text)",
          "ALTER TABLE " + table + " OWNER TO mover");
      databases.execute(
          "legacy",
          "INSERT INTO "
              + table
              + " SELECT i, 'note ' || i FROM generate_series(1, "
              + ROWS
              + ") i",
          "ANALYZE " + table);
    }
    inserting("0.001");
    databases.execute(
        "target",
        "CREATE TRIGGER slowly BEFORE INSERT ON item FOR EACH ROW EXECUTE FUNCTION slowly()",
        "CREATE TRIGGER slowly BEFORE INSERT ON other FOR EACH ROW EXECUTE FUNCTION slowly()");
  }

  /** How many seconds the target takes for a row. */
  private static void inserting(String seconds) throws Exception {
    databases.execute(
        "target",
        "CREATE OR REPLACE FUNCTION slowly() RETURNS trigger LANGUAGE plpgsql AS"
            + " 'BEGIN PERFORM pg_sleep("
            + seconds
            + "); RETURN NEW; END'");
  }

  @AfterEach
  void endWorkers() throws Exception {
    for (WorkerProcess worker : workers) {
      if (worker.alive()) {
        worker.goOn();
      }
      worker.close();
    }
  }

  private TestChain chain(String chainName, String table, int cap) throws Exception {
    return new TestChain(
        nats.url(),
        chainName,
        new ChainSpec(
            List.of(
                new ConnectionSpec("legacy", databases.url("legacy"), cap),
                new ConnectionSpec("target", databases.url("target"), cap)),
            List.of(
                new StageSpec.Extract("read", "legacy", List.of("public." + table), 400),
                new StageSpec.Load("load", "read", "target", null, LoadMode.Insert, List.of()))),
        // Smaller than the table: who reads has to wait for who writes.
        200_000);
  }

  private ChainPlan planCounted(TestChain chain) throws Exception {
    try (SlotKeeper slots =
        new SlotKeeper(
            chain.nats, chain.state, new Holder("test", chain.uid, "plan", "plan-" + chain.uid))) {
      new PlanJob(
              chain.state,
              TestChain.REVISION,
              chain.uid,
              new PostgresDatabases(secrets, "drover/test/plan", slots))
          .run();
    }
    return chain.state.plan(TestChain.REVISION).orElseThrow();
  }

  private WorkerProcess start(String chainName, String stage) throws Exception {
    WorkerProcess worker = WorkerProcess.start(nats.url(), chainName, stage, secrets, log());
    workers.add(worker);
    return worker;
  }

  private WorkerProcess startIn(String pod, String stage) throws Exception {
    WorkerProcess worker = WorkerProcess.startIn(pod, nats.url(), name, stage, secrets, log());
    workers.add(worker);
    return worker;
  }

  private File log() {
    return folder.resolve("workers.log").toFile();
  }

  private static String read(File log) {
    try {
      return Files.readString(log.toPath());
    } catch (IOException e) {
      return e.toString();
    }
  }

  private SessionSampler sampler(int cap) {
    return new SessionSampler(databases.url("postgres"), LOGIN, cap);
  }

  private void assertLoaded(String table) throws Exception {
    assertThat(databases.checksum("target", table)).isEqualTo(databases.checksum("legacy", table));
  }

  private void assertEverySlotGivenBack(TestChain chain) throws Exception {
    for (WorkerProcess worker : workers) {
      worker.close();
    }
    // The wish of a worker that was killed fades by its age.
    KeyValue slots = chain.nats.keyValue(ChainNames.SLOTS_BUCKET);
    List<String> left = new ArrayList<>();
    for (String key : slots.keys("*.slot.>")) {
      left.add(key + " " + slots.get(key).getValueAsString());
    }
    assertThat(left).as(() -> "slots left; the log: " + read(log())).isEmpty();
  }

  @Test
  void two_chains_whose_workers_are_killed_never_have_a_connection_too_many() throws Exception {
    Random random = new Random(20261126);
    String otherName = name + "other";
    try (SessionSampler sampler = sampler(3);
        TestChain one = chain(name, "item", 3);
        TestChain two = chain(otherName, "other", 5)) {
      ChainPlan planOne = planCounted(one);
      ChainPlan planTwo = planCounted(two);
      record Place(String chain, String stage) {}
      List<Place> places =
          List.of(
              new Place(name, "read"),
              new Place(name, "load"),
              new Place(name, "load"),
              new Place(otherName, "read"),
              new Place(otherName, "load"));
      List<WorkerProcess> running = new ArrayList<>();
      for (Place place : places) {
        running.add(start(place.chain(), place.stage()));
      }
      one.dispatchAll(planOne);
      two.dispatchAll(planTwo);
      for (int kill = 0; kill < 4; kill++) {
        int before = sampler.samples();
        await().atMost(SOON).until(() -> sampler.samples() > before + 100 && sampler.now() > 1);
        int victim = random.nextInt(places.size());
        running.get(victim).kill();
        workers.remove(running.get(victim));
        running.set(victim, start(places.get(victim).chain(), places.get(victim).stage()));
      }
      await()
          .atMost(Duration.ofMinutes(4))
          .pollInterval(Duration.ofMillis(500))
          .until(() -> one.finished(planOne) && two.finished(planTwo));
      assertLoaded("item");
      assertLoaded("other");
      assertThat(sampler.tooMany()).isEmpty();
      assertThat(sampler.peak()).isBetween(2, 3);
      assertThat(sampler.samples()).isGreaterThan(400);
      // The slot of one that was killed stays until somebody lacks it: SlotTakeOverIT has that.
    }
  }

  @Test
  void who_stands_still_keeps_his_slot_until_the_server_has_ended_his_session() throws Exception {
    try (SessionSampler sampler = sampler(2);
        TestChain chain = chain(name, "item", 2)) {
      ChainPlan plan = planCounted(chain);
      chain.dispatchAll(plan);
      WorkerProcess read = start(name, "read");
      WorkerProcess frozen = start(name, "load");
      String loading =
          "SELECT pid FROM pg_stat_activity WHERE application_name LIKE 'drover/%/load'"
              + " AND backend_type = 'client backend' AND state = 'active' AND datname = 'target'";
      await().atMost(SOON).until(() -> !databases.query("postgres", loading).isEmpty());
      frozen.pause();
      String session =
          databases
              .query(
                  "postgres",
                  "SELECT pid FROM pg_stat_activity WHERE application_name LIKE 'drover/%/load'")
              .getFirst();
      WorkerProcess load = start(name, "load");
      // Longer than the lease, the looks at it, and the next transaction of those who work on.
      int before = sampler.samples();
      await().atMost(Duration.ofMinutes(2)).until(() -> sampler.samples() > before + 1_100);
      assertThat(
              databases.query(
                  "postgres", "SELECT pid FROM pg_stat_activity WHERE pid = " + session))
          .as("its session, which is nobody's to end")
          .containsExactly(session);
      assertThat(sampler.tooMany()).isEmpty();

      frozen.kill();
      workers.remove(frozen);
      await().atMost(SOON).until(() -> Files.readString(log().toPath()).contains("is free again"));
      await()
          .atMost(Duration.ofMinutes(3))
          .pollInterval(Duration.ofMillis(500))
          .until(() -> chain.finished(plan));
      assertLoaded("item");
      assertThat(sampler.tooMany()).isEmpty();
      assertThat(read.alive() && load.alive()).isTrue();
      assertEverySlotGivenBack(chain);
    }
  }

  @Test
  void after_all_who_could_ask_the_server_were_killed_at_once_others_go_on() throws Exception {
    try (SessionSampler sampler = sampler(2);
        TestChain chain = chain(name, "item", 2)) {
      ChainPlan plan = planCounted(chain);
      chain.dispatchAll(plan);
      WorkerProcess read = start(name, "read");
      WorkerProcess load = startIn("loading-pod", "load");
      await().atMost(SOON).until(() -> sampler.now() == 2 && chain.tally("load").passed() > 0);
      // As a node would, or the kernel when memory is short; one pod is started again, one anew.
      read.signal("KILL");
      load.signal("KILL");
      workers.clear();
      startIn("loading-pod", "load");
      start(name, "read");
      await()
          .atMost(Duration.ofMinutes(3))
          .pollInterval(Duration.ofMillis(500))
          .until(() -> chain.finished(plan));
      assertThat(Files.readString(log().toPath()))
          .containsPattern("of pod loading-pod is (taken over|free again)");
      assertLoaded("item");
      assertThat(sampler.tooMany()).isEmpty();
      assertThat(sampler.peak()).isEqualTo(2);
      assertEverySlotGivenBack(chain);
    }
  }

  @Test
  void a_cap_that_is_lowered_holds_as_soon_as_what_is_under_way_is_done() throws Exception {
    try (SessionSampler sampler = sampler(4);
        TestChain chain = chain(name, "item", 4)) {
      ChainPlan plan = planCounted(chain);
      chain.dispatchAll(plan);
      inserting("0.01"); // so that there is work until it is seen who lacks a slot
      for (String stage : List.of("read", "load", "load", "load", "load")) {
        start(name, stage);
      }
      await().atMost(SOON).until(() -> sampler.now() == 4);
      for (String connection : List.of("legacy", "target")) {
        chain
            .state
            .bucket()
            .put(ConnectionCap.key(connection), WireJson.bytes(new ConnectionCap(2)));
      }
      await().atMost(SOON).until(() -> sampler.now() <= 2);
      sampler.cap(2);
      sampler.forgetPeak();
      await()
          .atMost(SOON)
          .until(
              () ->
                  chain.stalls("load").stream()
                      .map(Stall::reason)
                      .anyMatch("ConnectionCap"::equals));
      inserting("0.001");
      await()
          .atMost(Duration.ofMinutes(3))
          .pollInterval(Duration.ofMillis(500))
          .until(() -> chain.finished(plan));
      assertLoaded("item");
      assertThat(sampler.tooMany()).isEmpty();
      assertThat(sampler.peak()).isEqualTo(2);
      assertEverySlotGivenBack(chain);
    }
  }
}
