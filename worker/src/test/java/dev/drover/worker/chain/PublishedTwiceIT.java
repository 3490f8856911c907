package dev.drover.worker.chain;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.drover.wire.decision.Counts;
import dev.drover.wire.nats.NatsServer;
import dev.drover.wire.plan.ChainPlan;
import dev.drover.wire.plan.ChainSpec;
import dev.drover.wire.plan.StageSpec;
import dev.drover.wire.plan.StageSpec.LoadMode;
import io.nats.client.Connection;
import java.io.File;
import java.nio.file.Files;
import java.time.Duration;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Two workers publish the failures of one batch, which was delivered again while the first of them
 * was thought dead, and NATS is killed and started again and again meanwhile: one message a record.
 */
class PublishedTwiceIT extends ChainScenario {
  private static final int RECORDS = 4000;

  @TempDir File logs;

  @BeforeEach
  void tables() throws Exception {
    databases.execute(
        "legacy",
        "CREATE TABLE item (id integer PRIMARY KEY, qty integer)",
        "INSERT INTO item SELECT i, i % 4 FROM generate_series(1, " + RECORDS + ") i",
        "ANALYZE");
    databases.execute(
        "target", "CREATE TABLE item (id integer PRIMARY KEY, qty integer CHECK (qty > 0))");
  }

  /** Of four records one fails at the transform, or one at the load. */
  private static ChainSpec chain(String failsAt) {
    String rule = failsAt.equals("clean") ? "record.qty > 0" : "true";
    return new ChainSpec(
        databases.connections(),
        List.of(
            new StageSpec.Extract("read", "legacy", List.of("public.item"), RECORDS),
            new StageSpec.Transform("clean", "read", List.of(require(rule, "QtyNotPositive"))),
            new StageSpec.Load("load", "clean", "target", null, LoadMode.Insert, List.of())));
  }

  @ParameterizedTest
  @ValueSource(strings = {"clean", "load"})
  void one_message_a_record_whoever_publishes_it_and_whenever_nats_is_gone(String stage)
      throws Exception {
    int failing = RECORDS / 4;
    File log = new File(logs, "workers.log");
    try (NatsServer own = NatsServer.start();
        TestChain chain = new TestChain(own.url(), name, chain(stage))) {
      String errors = chain.names.errorsStream();
      ChainPlan plan = plan(chain);
      chain.comesAgainAfter(stage, Duration.ofSeconds(2));
      // So few fit that the first worker is held up in the midst of them.
      chain.limitMessages(errors, 100);
      try (RunningStage read = RunningStage.start(chain, "read", databases.secrets);
          RunningStage other =
              RunningStage.start(
                  chain, stage.equals("load") ? "clean" : "load", databases.secrets);
          WorkerProcess first =
              WorkerProcess.start(own.url(), name, stage, databases.secrets, log)) {
        chain.dispatchAll(plan);
        await().atMost(SOON).until(() -> chain.stalls(stage).size() == 1);
        assertThat(chain.messages(errors)).isEqualTo(100);
        first.pause();
        long delivered = chain.deliveries(stage);
        try (WorkerProcess second =
            WorkerProcess.start(own.url(), name, stage, databases.secrets, log)) {
          await().atMost(SOON).until(() -> chain.deliveries(stage) > delivered);
          chain.comesAgainAfter(stage, Duration.ofSeconds(30));
          await().atMost(SOON).until(() -> chain.stalls(stage).size() == 2);
          first.goOn();
          for (int most = 200; most <= failing; most += 200) {
            chain.limitMessages(errors, most);
            int full = most;
            await().atMost(SOON).until(() -> chain.messages(errors) > full - 150);
            own.restart();
            await().atMost(SOON).until(() -> chain.nats.getStatus() == Connection.Status.CONNECTED);
            await().atMost(SOON).ignoreExceptions().until(() -> chain.messages(errors) == full);
          }
          chain.limitMessages(errors, -1);
          awaitFinished(chain, plan);
          await().atMost(SOON).until(() -> chain.inHand(stage) == 0);
          assertThat(first.alive() && second.alive()).isTrue();
        }
      }
      assertThat(chain.failures())
          .extracting(f -> f.detail().key())
          .containsExactlyInAnyOrderElementsOf(
              IntStream.rangeClosed(1, failing).mapToObj(i -> Integer.toString(4 * i)).toList());
      assertThat(chain.tally(stage))
          .isEqualTo(new Counts(RECORDS, RECORDS - failing, 0, failing, 0, 0));
      assertThat(databases.query("target", "SELECT count(*) FROM item"))
          .containsExactly(Integer.toString(RECORDS - failing));
    }
    assertThat(Files.readString(log.toPath())).contains("working");
  }
}
