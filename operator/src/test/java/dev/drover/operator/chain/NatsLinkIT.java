package dev.drover.operator.chain;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.drover.wire.nats.NatsServer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class NatsLinkIT {
  /** As many as may visit Migrations at once. */
  private static final int CALLERS = 50;

  @Test
  void who_asks_a_server_that_answers_nobody_is_told_at_once_until_it_answers_again()
      throws Exception {
    try (NatsServer server = NatsServer.start();
        NatsLink link = new NatsLink(server::endpoint)) {
      ask(link);
      server.pause();
      List<Thread> callers = new ArrayList<>();
      for (int i = 0; i < CALLERS; i++) {
        callers.add(
            Thread.startVirtualThread(
                () ->
                    assertThatThrownBy(() -> ask(link))
                        .isInstanceOf(ChainUnavailableException.class)));
      }
      for (Thread caller : callers) {
        caller.join();
      }

      assertThatThrownBy(() -> ask(link))
          .isInstanceOfSatisfying(
              ChainUnavailableException.class,
              e -> assertThat(e.reason()).isEqualTo("NatsUnavailable"))
          .hasMessageContaining("it answered none of the last calls");
      server.resume();
      await()
          .atMost(Duration.ofSeconds(30))
          .ignoreException(ChainUnavailableException.class)
          .until(() -> ask(link));
    }
  }

  private static boolean ask(NatsLink link) {
    return link.call(
        "ask", nats -> nats.jetStreamManagement().getAccountStatistics().getStreams() == 0);
  }
}
