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
      nats.jetStreamManagement()
          .addStream(
              StreamConfiguration.builder()
                  .name(names.decisionsStream())
                  .subjects(names.allOf("decisions", "clean"))
                  .build());
      CountDownLatch caughtUp = new CountDownLatch(1);
      Thread counting =
          Thread.ofPlatform()
              .start(
                  () -> {
                    try {
                      new DecisionCounter(nats, names, "clean", ORDER).follow(caughtUp::countDown);
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
}
