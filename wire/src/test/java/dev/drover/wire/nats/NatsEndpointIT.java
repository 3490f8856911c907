package dev.drover.wire.nats;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.drover.wire.tls.SelfSigned;
import io.nats.client.Connection;
import io.nats.client.api.StreamConfiguration;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Connecting to a real server that asks for more than an address. */
class NatsEndpointIT {
  @TempDir Path folder;

  @Test
  void a_server_is_trusted_by_the_ca_that_is_named_and_by_no_other() throws Exception {
    SelfSigned server = SelfSigned.in(Files.createDirectory(folder.resolve("server")));
    SelfSigned stranger = SelfSigned.in(Files.createDirectory(folder.resolve("stranger")));
    try (NatsServer nats =
        NatsServer.start(
            "tls { cert_file: \"%s\", key_file: \"%s\" }"
                .formatted(server.certificate(), server.key()))) {
      String url = nats.url().replace("nats://", "tls://");

      try (Connection connection =
          new NatsEndpoint(url, null, server.certificate()).connect("test")) {
        assertThat(connection.getStatus()).isEqualTo(Connection.Status.CONNECTED);
      }
      assertThatThrownBy(() -> new NatsEndpoint(url, null, stranger.certificate()).connect("test"))
          .isInstanceOf(IOException.class);
    }
  }

  @Test
  void a_credentials_file_opens_a_server_that_knows_only_its_operator() throws Exception {
    OperatorMode secured = OperatorMode.in(folder);
    try (NatsServer nats = NatsServer.start(secured.config())) {
      try (Connection connection =
          new NatsEndpoint(nats.url(), secured.credentials(), null).connect("test")) {
        assertThat(
                connection
                    .jetStreamManagement()
                    .addStream(
                        StreamConfiguration.builder().name("mine").subjects("mine.>").build())
                    .getConfiguration()
                    .getName())
            .isEqualTo("mine");
      }
      assertThatThrownBy(() -> new NatsEndpoint(nats.url(), null, null).connect("test"))
          .isInstanceOf(IOException.class);
    }
  }

  @Test
  void a_ca_file_that_holds_none_is_named() throws Exception {
    Path empty = Files.writeString(folder.resolve("ca.crt"), "not a certificate");

    assertThatThrownBy(() -> new NatsEndpoint("tls://127.0.0.1:1", null, empty).connect("test"))
        .isInstanceOf(IOException.class)
        .hasMessageContaining(empty.toString());
  }

  @Test
  void a_password_in_the_url_is_in_no_message() {
    assertThatThrownBy(
            () -> new NatsEndpoint("nats://bob:s3cret@127.0.0.1:1", null, null).connect("test"))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("127.0.0.1:1")
        .message()
        .doesNotContain("s3cret");
  }
}
