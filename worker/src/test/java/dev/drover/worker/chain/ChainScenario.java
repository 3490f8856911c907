package dev.drover.worker.chain;

import static org.awaitility.Awaitility.await;

import dev.drover.wire.nats.NatsServer;
import dev.drover.wire.plan.ChainPlan;
import dev.drover.wire.plan.Step;
import dev.drover.wire.plan.TablePlan;
import dev.drover.worker.plan.PlanJob;
import dev.drover.worker.postgres.PostgresDatabases;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;

/**
 * What every chain's test has: one NATS server and one PostgreSQL server a class, and for each test
 * two empty databases and a name of its own.
 */
abstract class ChainScenario {
  static final Duration SOON = Duration.ofSeconds(90);

  private static final AtomicInteger TESTS = new AtomicInteger();

  static NatsServer nats;
  static Databases databases;

  String name;

  @BeforeAll
  static void start() throws Exception {
    nats = NatsServer.start();
    databases = new Databases();
  }

  @AfterAll
  static void stop() throws Exception {
    databases.close();
    nats.close();
  }

  @BeforeEach
  void emptyDatabases() throws Exception {
    name = "t" + TESTS.incrementAndGet();
    for (String database : List.of("legacy", "target")) {
      databases.execute(database, "DROP SCHEMA public CASCADE", "CREATE SCHEMA public");
    }
  }

  static void inBoth(String... statements) throws Exception {
    databases.execute("legacy", statements);
    databases.execute("target", statements);
  }

  static Step require(String that, String code) {
    return new Step(
        List.of(), new Step.Require(that, code, null), null, List.of(), List.of(), List.of());
  }

  static Step filter(String expression) {
    return new Step(List.of(), null, expression, List.of(), List.of(), List.of());
  }

  static Step set(String field, String to) {
    return new Step(
        List.of(), null, null, List.of(new Step.Assignment(field, to)), List.of(), List.of());
  }

  static ChainPlan plan(TestChain chain) throws Exception {
    new PlanJob(
            chain.state,
            TestChain.REVISION,
            chain.uid,
            new PostgresDatabases(databases.secrets, "test plan"))
        .run();
    return chain.state.plan(TestChain.REVISION).orElseThrow();
  }

  static void awaitFinished(TestChain chain, ChainPlan plan) {
    await().atMost(SOON).pollInterval(Duration.ofMillis(200)).until(() -> chain.finished(plan));
  }

  static TablePlan table(ChainPlan plan, String table) {
    return plan.tables().stream().filter(t -> t.table().equals(table)).findFirst().orElseThrow();
  }
}
