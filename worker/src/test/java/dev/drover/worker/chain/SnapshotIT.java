package dev.drover.worker.chain;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.drover.wire.decision.Counts;
import dev.drover.wire.plan.ChainPlan;
import dev.drover.wire.plan.ChainSpec;
import dev.drover.wire.plan.StageSpec;
import dev.drover.wire.plan.StageSpec.Consistency;
import dev.drover.wire.plan.StageSpec.LoadMode;
import dev.drover.wire.state.SourceSnapshot;
import dev.drover.wire.state.SourceSnapshot.State;
import dev.drover.wire.state.SplitCheckpoint;
import dev.drover.wire.state.StateStore.Versioned;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.postgresql.PGConnection;

/** {@code consistency: Snapshot}: a source that does not stand still, read as of one moment. */
class SnapshotIT extends ChainScenario {
  private static final int ROWS = 30_000;

  /** Some batches: readers stand at a full queue until there is a load. */
  private static final long QUEUE = 1 << 20;

  /** One with a key, one without, one that was nearly empty when it was planned. */
  private static final List<String> TABLES = List.of("item", "loose", "grown");

  @TempDir Path logs;

  private static ChainSpec spec() {
    return new ChainSpec(
        databases.connections(),
        List.of(
            new StageSpec.Extract(
                "read", "legacy", List.of("public.*"), 1000, Consistency.Snapshot),
            new StageSpec.Load("load", "read", "target", null, LoadMode.Insert, List.of())));
  }

  private static ChainPlan planned(TestChain chain) throws Exception {
    inBoth(
        "CREATE TABLE item (id integer PRIMARY KEY, qty integer, note text)",
        "CREATE TABLE loose (id integer, qty integer, note text)",
        "CREATE TABLE grown (id integer PRIMARY KEY, qty integer, note text)");
    fill("item", 1, ROWS);
    fill("loose", 1, ROWS);
    fill("grown", 1, 10);
    databases.execute("legacy", "ANALYZE");
    ChainPlan plan = plan(chain);
    fill("grown", 11, ROWS);
    return plan;
  }

  private static void fill(String table, int from, int to) throws Exception {
    databases.execute(
        "legacy",
        "INSERT INTO %s SELECT 10 * i, i %% 7, repeat('x', 60) FROM generate_series(%d, %d) i"
            .formatted(table, from, to));
  }

  @Test
  void the_target_gets_all_tables_as_of_the_snapshot_whatever_is_written_meanwhile()
      throws Exception {
    try (TestChain chain = new TestChain(nats.url(), name, spec(), QUEUE)) {
      ChainPlan plan = planned(chain);
      try (Writer writer = new Writer(4711);
          RunningStage holder = RunningStage.startHolder(chain, "read", databases.secrets, plan)) {
        copyThrough(held(chain));
        chain.dispatchAll(plan);
        try (RunningStage one = RunningStage.start(chain, "read", databases.secrets);
            RunningStage two = RunningStage.start(chain, "read", databases.secrets)) {
          await().atMost(SOON).until(() -> chain.recordsRead(plan) > 0);
          writer.awaitChanges(300);
          try (RunningStage load = RunningStage.start(chain, "load", databases.secrets)) {
            awaitFinished(chain, plan);
          }
        }
      }
      List<SplitCheckpoint> splits = chain.checkpoints(plan);
      assertThat(splits.stream().map(SplitCheckpoint::owner).collect(Collectors.toSet()))
          .as("both readers took part")
          .hasSize(2);
      assertThat(splits).as("what had grown was cut").hasSizeGreaterThan(2 * ROWS / 1000 + 10);
      long records = chain.recordsRead(plan);
      assertThat(chain.tally("load")).isEqualTo(new Counts(records, records, 0, 0, 0, 0));
      for (String table : TABLES) {
        assertThat(databases.checksum("target", table))
            .as(table)
            .isEqualTo(databases.checksum("target", "expected." + table))
            .isNotEqualTo(databases.checksum("legacy", table));
      }
    }
  }

  @Test
  void a_holder_that_is_killed_loses_the_snapshot_and_nothing_else_is_read_in_its_place()
      throws Exception {
    try (TestChain chain = new TestChain(nats.url(), name, spec(), QUEUE)) {
      ChainPlan plan = planned(chain);
      chain.dispatchAll(plan);
      try (Writer writer = new Writer(4712);
          RunningStage read = RunningStage.start(chain, "read", databases.secrets)) {
        try (WorkerProcess holder = hold("1")) {
          copyThrough(held(chain));
          await().atMost(SOON).until(() -> chain.recordsRead(plan) > 0);
          writer.awaitChanges(50);
          holder.kill();
        }
        try (WorkerProcess next = hold("2")) {
          await().atMost(SOON).until(() -> !next.alive());
          assertThat(next.exitCode()).isZero();
        }
        assertThat(snapshot(chain)).map(SourceSnapshot::state).contains(State.Lost);
        assertThat(snapshot(chain).orElseThrow().message())
            .contains("the process that held it, holder-")
            .contains("make this Migration anew");

        try (RunningStage load = RunningStage.start(chain, "load", databases.secrets)) {
          await()
              .atMost(SOON)
              .untilAsserted(
                  () ->
                      assertThat(chain.stalls("read"))
                          .singleElement()
                          .satisfies(
                              s -> {
                                assertThat(s.reason()).isEqualTo("SnapshotLost");
                                assertThat(s.message()).contains("make this Migration anew");
                              }));
          await().atMost(SOON).until(() -> chain.tally("load").passed() == chain.recordsRead(plan));
        }
        assertThat(chain.recordsRead(plan)).isPositive().isLessThan(3 * ROWS);
        for (String table : TABLES) {
          assertThat(
                  databases.query(
                      "target",
                      "SELECT id FROM (SELECT * FROM %1$s EXCEPT ALL SELECT * FROM expected.%1$s) x"
                          .formatted(table)))
              .as("rows of another moment in " + table)
              .isEmpty();
        }
      }
    }
  }

  @Test
  void a_session_that_the_source_ends_loses_the_snapshot_and_its_holder_says_so() throws Exception {
    try (TestChain chain = new TestChain(nats.url(), name, spec())) {
      ChainPlan plan = planned(chain);
      try (RunningStage holder = RunningStage.startHolder(chain, "read", databases.secrets, plan)) {
        held(chain);
        databases.execute("legacy", "SELECT pg_terminate_backend(pid)" + HOLDER);
        await().atMost(SOON).until(() -> snapshot(chain).orElseThrow().state() == State.Lost);
        assertThat(snapshot(chain).orElseThrow().message())
            .contains("the source ended the session that held it");
      }
    }
  }

  @Test
  void tables_are_kept_as_they_are_until_the_snapshot_is_released() throws Exception {
    try (TestChain chain = new TestChain(nats.url(), name, spec())) {
      planned(chain);
      try (WorkerProcess holder = hold("1")) {
        held(chain);
        assertThatThrownBy(
                () -> databases.execute("legacy", "SET lock_timeout = '300ms'; TRUNCATE loose"))
            .isInstanceOfSatisfying(
                SQLException.class, e -> assertThat(e.getSQLState()).isEqualTo("55P03"));

        Optional<Versioned<SourceSnapshot>> there = chain.state.snapshot("read");
        assertThat(chain.state.putSnapshot("read", there, there.orElseThrow().value().released()))
            .isTrue();
        await().atMost(SOON).until(() -> !holder.alive());
        assertThat(holder.exitCode()).isZero();
      }
      assertThat(snapshot(chain)).map(SourceSnapshot::state).contains(State.Released);
      assertThat(databases.query("legacy", "SELECT pid" + HOLDER)).isEmpty();
      databases.execute("legacy", "TRUNCATE loose");
    }
  }

  @Test
  void a_holder_that_is_asked_to_leave_says_that_the_snapshot_is_lost() throws Exception {
    try (TestChain chain = new TestChain(nats.url(), name, spec())) {
      planned(chain);
      try (WorkerProcess holder = hold("1")) {
        held(chain);
        holder.askToLeave();
        await().atMost(SOON).until(() -> !holder.alive());
      }
      assertThat(snapshot(chain)).map(SourceSnapshot::state).contains(State.Lost);
      assertThat(snapshot(chain).orElseThrow().message()).contains("was asked to end");
    }
  }

  private static final String HOLDER =
      " FROM pg_stat_activity WHERE state = 'idle in transaction' AND datname = 'legacy'"
          + " AND (application_name = 'holder' OR application_name LIKE 'drover/%/read')";

  private WorkerProcess hold(String log) throws Exception {
    return WorkerProcess.hold(
        nats.url(), name, "read", databases.secrets, logs.resolve(log).toFile());
  }

  private static Optional<SourceSnapshot> snapshot(TestChain chain) throws Exception {
    return chain.state.snapshot("read").map(Versioned::value);
  }

  private static SourceSnapshot held(TestChain chain) {
    return await()
        .atMost(SOON)
        .until(() -> snapshot(chain), s -> s.isPresent() && s.get().state() == State.Held)
        .orElseThrow();
  }

  /** The tables as of a snapshot, by COPY, in a schema of their own at the target. */
  private static void copyThrough(SourceSnapshot snapshot) throws Exception {
    try (Connection from = connect("legacy");
        Connection to = connect("target");
        Statement reading = from.createStatement();
        Statement writing = to.createStatement()) {
      writing.execute("DROP SCHEMA IF EXISTS expected CASCADE; CREATE SCHEMA expected");
      from.setAutoCommit(false);
      reading.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ");
      reading.execute("SET TRANSACTION SNAPSHOT '" + snapshot.name() + "'");
      for (String table : TABLES) {
        writing.execute("CREATE TABLE expected." + table + " (LIKE public." + table + ")");
        ByteArrayOutputStream rows = new ByteArrayOutputStream();
        from.unwrap(PGConnection.class)
            .getCopyAPI()
            .copyOut("COPY public." + table + " TO STDOUT", rows);
        to.unwrap(PGConnection.class)
            .getCopyAPI()
            .copyIn(
                "COPY expected." + table + " FROM STDIN",
                new ByteArrayInputStream(rows.toByteArray()));
      }
    }
  }

  private static Connection connect(String database) throws SQLException {
    return DriverManager.getConnection(databases.url(database), "postgres", "postgres");
  }

  /** Somebody who goes on working at the source. */
  private static final class Writer implements AutoCloseable {
    private final AtomicLong changes = new AtomicLong();
    private final Random random;
    private final Thread thread;
    private volatile boolean stopping;
    private volatile Exception failure;

    Writer(long seed) {
      random = new Random(seed);
      thread = Thread.ofPlatform().name("writer").start(this::write);
    }

    private void write() {
      try (Connection connection = connect("legacy");
          Statement statement = connection.createStatement()) {
        while (!stopping) {
          String table = TABLES.get(random.nextInt(TABLES.size()));
          int id = 10 * (1 + random.nextInt(ROWS));
          String change =
              switch (random.nextInt(4)) {
                case 0 -> "UPDATE %s SET note = 'changed ' || id WHERE id = %d";
                case 1 -> "DELETE FROM %s WHERE id = %d";
                case 2 -> "UPDATE %s SET id = -id WHERE id = %d";
                default -> "INSERT INTO %1$s SELECT max(id) + 1, 1, 'new %2$d' FROM %1$s";
              };
          statement.execute(change.formatted(table, id));
          changes.incrementAndGet();
        }
      } catch (SQLException | RuntimeException e) {
        failure = e;
      }
    }

    /** Waits until so many more changes are made. */
    void awaitChanges(int more) {
      long until = changes.get() + more;
      await().atMost(SOON).until(() -> changes.get() >= until || failure != null);
      assertThat(failure).isNull();
    }

    @Override
    public void close() throws InterruptedException {
      stopping = true;
      thread.join();
      assertThat(failure).isNull();
    }
  }
}
