package dev.drover.worker.postgres.session;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.drover.worker.session.SessionPermits;
import java.net.Socket;
import jdk.net.ExtendedSocketOptions;
import org.junit.jupiter.api.Test;

class KeepAliveSocketsTest {
  @Test
  void a_server_that_vanished_is_noticed_within_half_a_minute() throws Exception {
    SessionLine line = SessionLine.begin(new SessionPermits.FreePermit("test"));
    try (Socket socket = new KeepAliveSockets(line.token()).createSocket()) {
      assertThat(socket.getKeepAlive()).isTrue();
      assumeTrue(socket.supportedOptions().contains(ExtendedSocketOptions.TCP_KEEPIDLE));
      int idle = socket.getOption(ExtendedSocketOptions.TCP_KEEPIDLE);
      int interval = socket.getOption(ExtendedSocketOptions.TCP_KEEPINTERVAL);
      int probes = socket.getOption(ExtendedSocketOptions.TCP_KEEPCOUNT);
      assertThat(idle + interval * probes).isBetween(1, 30);
    }
  }
}
