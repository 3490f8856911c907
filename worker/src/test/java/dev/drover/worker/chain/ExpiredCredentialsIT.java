package dev.drover.worker.chain;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.drover.wire.decision.Counts;
import dev.drover.wire.plan.ChainPlan;
import dev.drover.wire.plan.ChainSpec;
import dev.drover.wire.plan.StageSpec;
import dev.drover.wire.plan.StageSpec.LoadMode;
import dev.drover.wire.state.Pace;
import dev.drover.wire.state.Stall;
import dev.drover.wire.state.WireJson;
import dev.drover.worker.plan.PlanJob;
import dev.drover.worker.postgres.PostgresDatabases;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The target lets the load's login in no longer: the stage says so and waits, no record fails, and
 * it goes on by itself once it is let in again.
 */
class ExpiredCredentialsIT extends ChainScenario {
  private static final int ROWS = 20_000;
  private static boolean asksForPasswords;

  @TempDir private Path secrets;

  @BeforeEach
  void tables() throws Exception {
    askForPasswords();
    inBoth("CREATE TABLE item (id integer PRIMARY KEY, note text)");
    databases.execute(
        "legacy",
        "INSERT INTO item SELECT i, md5(i::text) FROM generate_series(1, " + ROWS + ") i",
        "ANALYZE");
    databases.execute(
        "target",
        "DROP ROLE IF EXISTS mover",
        "CREATE ROLE mover LOGIN PASSWORD 'the first' VALID UNTIL 'infinity'",
        "GRANT ALL ON SCHEMA public TO mover",
        "ALTER TABLE item OWNER TO mover");
    for (String connection : new String[] {"legacy", "target"}) {
      Files.createDirectory(secrets.resolve(connection));
    }
    secret("legacy", "postgres", "postgres");
    secret("target", "mover", "the first");
  }

  /** The server trusts everybody otherwise, and a password that has expired would be as good. */
  private static void askForPasswords() throws Exception {
    if (asksForPasswords) {
      return;
    }
    Path rules = Path.of(databases.query("postgres", "SHOW hba_file").getFirst());
    Files.writeString(rules, "host all mover all scram-sha-256\n" + Files.readString(rules));
    databases.execute("postgres", "SELECT pg_reload_conf()");
    asksForPasswords = true;
  }

  /** In one step, as the kubelet changes a Secret's files. */
  private void secret(String connection, String username, String password) throws Exception {
    Path folder = secrets.resolve(connection);
    for (var file : Map.of("username", username, "password", password).entrySet()) {
      Path next = Files.writeString(folder.resolve("next"), file.getValue());
      Files.move(next, folder.resolve(file.getKey()), StandardCopyOption.ATOMIC_MOVE);
    }
  }

  /** What an administrator's tool does with a login whose time is over. */
  private static void endSessions() throws Exception {
    databases.execute(
        "postgres",
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'mover'");
  }

  @Test
  void a_password_that_has_expired() throws Exception {
    letInAgain(
        () -> databases.execute("postgres", "ALTER ROLE mover VALID UNTIL '2001-01-01'"),
        () -> databases.execute("postgres", "ALTER ROLE mover VALID UNTIL 'infinity'"));
  }

  @Test
  void a_password_that_was_changed_and_comes_with_the_secret_a_little_later() throws Exception {
    letInAgain(
        () -> databases.execute("postgres", "ALTER ROLE mover PASSWORD 'the second'"),
        () -> secret("target", "mover", "the second"));
  }

  @Test
  void a_login_that_is_locked() throws Exception {
    letInAgain(
        () -> databases.execute("postgres", "ALTER ROLE mover NOLOGIN"),
        () -> databases.execute("postgres", "ALTER ROLE mover LOGIN"));
  }

  /** Something that is done to the login. */
  @FunctionalInterface
  private interface Measure {
    void take() throws Exception;
  }

  private void letInAgain(Measure refuse, Measure mend) throws Exception {
    try (TestChain chain = new TestChain(nats.url(), name, chain())) {
      new PlanJob(
              chain.state,
              TestChain.REVISION,
              chain.uid,
              new PostgresDatabases(secrets, "test plan"))
          .run();
      ChainPlan plan = chain.state.plan(TestChain.REVISION).orElseThrow();
      pace(chain, 2000);
      try (RunningStage read = RunningStage.start(chain, "read", secrets);
          RunningStage load = RunningStage.startPlanned(chain, "load", secrets, plan)) {
        chain.dispatchAll(plan);
        await().atMost(SOON).until(() -> chain.tally("load").passed() > 1000);
        Instant refused = Instant.now();
        refuse.take();
        endSessions();

        await()
            .atMost(SOON)
            .untilAsserted(
                () ->
                    assertThat(chain.stalls("load"))
                        .singleElement()
                        .satisfies(told -> assertTold(told, refused)));
        Counts then = chain.tally("load");
        assertThat(then.passed()).isLessThan(ROWS);
        long readThen = chain.recordsRead(plan);
        await().atMost(SOON).until(() -> chain.recordsRead(plan) > readThen);
        assertThat(chain.tally("load")).as("what it does without its login").isEqualTo(then);
        assertThat(chain.failures()).isEmpty();

        mend.take();
        pace(chain, 1_000_000);
        awaitFinished(chain, plan);
        await().atMost(SOON).until(() -> chain.stalls("load").isEmpty());
      }
      assertThat(chain.failures()).isEmpty();
      assertThat(chain.tally("load")).isEqualTo(new Counts(ROWS, ROWS, 0, 0, 0, 0));
      assertThat(databases.checksum("target", "item"))
          .isEqualTo(databases.checksum("legacy", "item"));
    }
  }

  private static void assertTold(Stall told, Instant refused) {
    assertThat(told.reason()).isEqualTo("DatabaseUnavailable");
    assertThat(told.message())
        .contains("target", "SQLSTATE 28", "mover")
        .doesNotContain("the first", "the second");
    assertThat(Instant.parse(told.since())).isBetween(refused.minusSeconds(1), Instant.now());
  }

  private static ChainSpec chain() {
    return new ChainSpec(
        databases.connections(),
        List.of(
            new StageSpec.Extract("read", "legacy", List.of("public.item"), 500),
            new StageSpec.Load("load", "read", "target", null, LoadMode.Insert, List.of())));
  }

  private static void pace(TestChain chain, long recordsPerSecond) throws Exception {
    chain.state.bucket().put(Pace.key("read"), WireJson.bytes(new Pace(recordsPerSecond, 1)));
  }
}
