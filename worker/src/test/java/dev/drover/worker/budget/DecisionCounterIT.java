package dev.drover.worker.budget;

import static org.assertj.core.api.Assertions.assertThat;

import dev.drover.wire.budget.BudgetOrder;
import dev.drover.wire.budget.BudgetTerms;
import dev.drover.wire.budget.BudgetTerms.Scope;
import dev.drover.wire.names.ChainNames;
import dev.drover.wire.nats.NatsServer;
import io.nats.client.Connection;
import io.nats.client.Nats;
import io.nats.client.api.StreamConfiguration;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** What becomes of the counting when its connection goes. */
class DecisionCounterIT {
  private static final BudgetOrder ORDER =
      new BudgetOrder("first", new BudgetTerms(10L, null, 1, null, Scope.Stage), 0);

  @Test
  void it_ends_when_its_worker_does_though_the_connection_went_first() throws Exception {
    ChainNames names = ChainNames.of("test", "counted", "uid");
    try (NatsServer server = NatsServer.start()) {
      Connection nats = Nats.connect(server.url());
      addStream(nats, names);
      CountDownLatch caughtUp = new CountDownLatch(1);
      Thread counting =
          Thread.ofPlatform()
              .start(
                  () -> {
                    try {
                      new DecisionCounter(nats, names, "clean", ORDER, InstantSource.system())
                          .follow(caughtUp::countDown);
                    } catch (InterruptedException e) {
                      Thread.currentThread().interrupt();
                    }
                  });
      assertThat(caughtUp.await(20, TimeUnit.SECONDS)).as("it counts").isTrue();
      nats.close();
      counting.interrupt();
      assertThat(counting.join(Duration.ofSeconds(10))).as("it has ended").isTrue();
    }
  }

  private static void addStream(Connection nats, ChainNames names) throws Exception {
    nats.jetStreamManagement()
        .addStream(
            StreamConfiguration.builder()
                .name(names.decisionsStream())
                .subjects(names.allOf("decisions", "clean"))
                .build());
  }

  @Test
  void it_has_counted_all_when_every_decision_is_older_than_its_window() throws Exception {
    ChainNames names = ChainNames.of("test", "window", "uid");
    try (NatsServer server = NatsServer.start();
        Connection nats = Nats.connect(server.url())) {
      addStream(nats, names);
      nats.jetStream().publish(names.allOf("decisions", "clean").replace(">", "b"), new byte[0]);
      BudgetOrder lately =
          new BudgetOrder("first", new BudgetTerms(10L, null, 1, 60, Scope.Stage), 0);
      InstantSource later = () -> Instant.now().plus(Duration.ofMinutes(10));
      CountDownLatch caughtUp = new CountDownLatch(1);
      Thread counting =
          Thread.ofPlatform()
              .start(
                  () -> {
                    try {
                      new DecisionCounter(nats, names, "clean", lately, later)
                          .follow(caughtUp::countDown);
                    } catch (InterruptedException e) {
                      Thread.currentThread().interrupt();
                    }
                  });
      try {
        assertThat(caughtUp.await(10, TimeUnit.SECONDS)).as("it has counted all").isTrue();
      } finally {
        counting.interrupt();
      }
    }
  }
}
