package dev.drover.worker.chain;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.drover.wire.decision.Counts;
import dev.drover.wire.plan.ChainPlan;
import dev.drover.wire.plan.ChainSpec;
import dev.drover.wire.plan.ConnectionSpec;
import dev.drover.wire.plan.StageSpec;
import dev.drover.wire.plan.StageSpec.Consistency;
import dev.drover.wire.plan.StageSpec.LoadMode;
import dev.drover.wire.state.SourceSnapshot;
import dev.drover.wire.state.SourceSnapshot.State;
import dev.drover.wire.state.StateStore.Versioned;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.Statement;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A source that is a read replica: nothing can be written there, and it may end what reads. */
class ReplicaIT extends ChainScenario {
  private static final int ROWS = 200_000;
  private static final String CONFLICTS =
      "SELECT coalesce(sum(confl_snapshot), 0) FROM pg_stat_database_conflicts";

  @TempDir static Path folder;
  private static Replica source;

  @BeforeAll
  static void replicate() throws Exception {
    source = new Replica(folder);
    source.write(
        "CREATE TABLE item (id integer PRIMARY KEY, note text)",
        "INSERT INTO item SELECT i, repeat('x', 300) FROM generate_series(1, " + ROWS + ") i",
        "CREATE TABLE busy (n integer) WITH (autovacuum_enabled = off)",
        "INSERT INTO busy VALUES (1)",
        "ANALYZE");
  }

  @AfterAll
  static void end() throws Exception {
    source.close();
  }

  private static ChainSpec spec(Consistency consistency) {
    return new ChainSpec(
        List.of(
            new ConnectionSpec("legacy", source.url(), 4),
            new ConnectionSpec("target", databases.url("target"), 4)),
        List.of(
            new StageSpec.Extract("read", "legacy", List.of("public.item"), 50_000, consistency),
            new StageSpec.Load("load", "read", "target", null, LoadMode.Insert, List.of())));
  }

  private static ChainPlan planned(TestChain chain) throws Exception {
    databases.execute("target", "CREATE TABLE item (id integer PRIMARY KEY, note text)");
    ChainPlan plan = plan(chain);
    assertThat(plan.startable()).as(plan.findings().toString()).isTrue();
    assertThat(plan.tables().getFirst().splits()).hasSizeGreaterThan(2);
    chain.dispatchAll(plan);
    return plan;
  }

  private static void assertAllThere(TestChain chain) throws Exception {
    assertThat(chain.tally("load")).isEqualTo(new Counts(ROWS, ROWS, 0, 0, 0, 0));
    assertThat(databases.checksum("target", "item"))
        .isEqualTo(
            source
                .read(
                    "SELECT count(*) || ':' || coalesce(sum(hashtextextended(t::text, 0)), 0)"
                        + " FROM item t")
                .getFirst());
  }

  /** The primary changes and cleans another table, for which the replica ends what reads. */
  private static void conflict() throws Exception {
    try (Connection primary = source.connectToPrimary();
        Statement statement = primary.createStatement()) {
      statement.execute("UPDATE busy SET n = n + 1");
      statement.execute("VACUUM (TRUNCATE FALSE) busy");
    }
  }

  @Test
  void what_the_replica_ends_for_its_primary_is_read_again() throws Exception {
    long before = Long.parseLong(source.read(CONFLICTS).getFirst());
    try (TestChain chain = new TestChain(nats.url(), name, spec(Consistency.Batch), 64 << 20)) {
      ChainPlan plan = planned(chain);
      try (RunningStage read = RunningStage.start(chain, "read", databases.secrets);
          RunningStage load = RunningStage.start(chain, "load", databases.secrets)) {
        while (!chain.finished(plan)) {
          conflict();
        }
      }
      assertAllThere(chain);
      assertThat(chain.failures()).isEmpty();
    }
    assertThat(Long.parseLong(source.read(CONFLICTS).getFirst()))
        .as("statements that the replica ended")
        .isGreaterThan(before);
  }

  @Test
  void all_tables_are_read_as_of_one_moment_of_a_replica() throws Exception {
    try (TestChain chain = new TestChain(nats.url(), name, spec(Consistency.Snapshot), 64 << 20)) {
      ChainPlan plan = planned(chain);
      try (RunningStage holder = RunningStage.startHolder(chain, "read", databases.secrets, plan)) {
        await()
            .atMost(SOON)
            .until(() -> chain.state.snapshot("read"), ReplicaIT::held)
            .orElseThrow();
        source.write("INSERT INTO item VALUES (0, 'later')");
        try (RunningStage read = RunningStage.start(chain, "read", databases.secrets);
            RunningStage load = RunningStage.start(chain, "load", databases.secrets)) {
          awaitFinished(chain, plan);
        }
      }
      source.write("DELETE FROM item WHERE id = 0");
      assertAllThere(chain);
    }
  }

  private static boolean held(Optional<Versioned<SourceSnapshot>> snapshot) {
    return snapshot.filter(s -> s.value().state() == State.Held).isPresent();
  }
}
