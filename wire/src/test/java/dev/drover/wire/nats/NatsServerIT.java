package dev.drover.wire.nats;

import static org.assertj.core.api.Assertions.assertThat;

import io.nats.client.Connection;
import io.nats.client.api.StreamConfiguration;
import org.junit.jupiter.api.Test;

class NatsServerIT {
  @Test
  void what_was_acknowledged_outlives_a_kill() throws Exception {
    try (NatsServer server = NatsServer.start()) {
      try (Connection nats = server.connect()) {
        nats.jetStreamManagement()
            .addStream(StreamConfiguration.builder().name("kept").subjects("kept.>").build());
        nats.jetStream().publish("kept.one", new byte[] {1});
      }

      server.kill();
      server.restart();

      try (Connection nats = server.connect()) {
        assertThat(nats.jetStreamManagement().getStreamInfo("kept").getStreamState().getMsgCount())
            .isEqualTo(1);
      }
    }
  }
}
