package dev.drover.worker.jetstream;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.drover.wire.names.ChainNames;
import dev.drover.wire.nats.NatsServer;
import dev.drover.wire.queues.QueueLayout;
import dev.drover.wire.state.StateStore;
import io.nats.client.Connection;
import io.nats.client.JetStream;
import io.nats.client.api.PublishAck;
import io.nats.client.impl.Headers;
import io.nats.client.impl.NatsMessage;
import java.lang.reflect.Proxy;
import java.time.Clock;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What a server answers that is not made to do so here. */
class PublisherIT {
  private static final int FULL = 10077;
  private static final int ID_IN_PROCESS = 10158;

  /** A JetStream that refuses every message in turn with these codes, then with the last. */
  private static JetStream refusing(int... codes) {
    int[] asked = {0};
    return (JetStream)
        Proxy.newProxyInstance(
            PublisherIT.class.getClassLoader(),
            new Class<?>[] {JetStream.class},
            (proxy, method, arguments) -> {
              int code = codes[Math.min(asked[0]++, codes.length - 1)];
              String answer = "{\"error\": {\"code\": 503, \"err_code\": " + code + "}}";
              return new PublishAck(
                  NatsMessage.builder().subject("answer").data(answer, UTF_8).build());
            });
  }

  /** Servers up to 2.11 keep the id of what a replicated stream refused, for two minutes. */
  @Test
  @Timeout(30)
  void what_a_full_stream_refused_is_not_waited_for_when_the_server_still_has_its_id()
      throws Exception {
    try (NatsServer server = NatsServer.start();
        Connection nats = server.connect()) {
      ChainNames names = ChainNames.of("n", "publisher", "u");
      nats.jetStreamManagement().addStream(new QueueLayout(names, 1 << 20, 1).stateBucket());
      StateStore state = StateStore.open(nats, names);
      try (Stalls stalls = new Stalls(state, "load", "load-0", Clock.systemUTC())) {
        Publisher publisher = new Publisher(refusing(FULL, ID_IN_PROCESS), stalls);
        for (int attempt = 0; attempt < 2; attempt++) {
          assertThat(publisher.publishIfRoom("s", new Headers(), new byte[] {1}, "id")).isFalse();
          assertThat(stalls.any()).isFalse();
        }
      }
    }
  }

  @Test
  @Timeout(30)
  void who_is_told_to_leave_a_full_stream_waits_for_it_no_longer() throws Exception {
    try (NatsServer server = NatsServer.start();
        Connection nats = server.connect()) {
      ChainNames names = ChainNames.of("n", "publisher", "u");
      nats.jetStreamManagement().addStream(new QueueLayout(names, 1 << 20, 1).stateBucket());
      StateStore state = StateStore.open(nats, names);
      try (Stalls stalls = new Stalls(state, "load", "load-0", Clock.systemUTC())) {
        Publisher publisher = new Publisher(refusing(FULL), stalls);
        Thread waiting =
            Thread.ofVirtual()
                .start(
                    () -> {
                      try {
                        publisher.publish("s", new Headers(), new byte[] {1}, "id");
                      } catch (InterruptedException e) {
                        Thread.currentThread().interrupt();
                      }
                    });
        await().until(stalls::any);
        waiting.interrupt();
        waiting.join();
        assertThat(stalls.any()).isFalse();
      }
    }
  }
}
