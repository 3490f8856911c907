package dev.drover.operator.chain;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.drover.wire.nats.NatsServer;
import io.nats.client.Connection;
import io.nats.client.JetStreamApiException;
import io.nats.client.api.StorageType;
import io.nats.client.api.StreamConfiguration;
import io.nats.client.api.StreamInfo;
import java.time.Duration;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

class StreamFiguresIT {
  /** What the server tells of subjects in one answer. */
  private static final int PAGE = 100_000;

  private static NatsServer server;
  private static Connection nats;

  @BeforeAll
  static void start() throws Exception {
    server = NatsServer.start();
    nats = server.connect();
  }

  @AfterAll
  static void stop() throws Exception {
    nats.close();
    server.close();
  }

  @Test
  void they_are_what_the_client_would_read() throws Exception {
    stream("few");
    nats.jetStreamManagement().createConsumer("few", consumer());
    nats.jetStream().publish("few.a", new byte[10]);
    nats.jetStream().publish("few.a", new byte[10]);
    nats.jetStream().publish("few.b", new byte[10]);
    nats.jetStreamManagement().deleteMessage("few", 1);

    StreamFigures figures = StreamFigures.read(nats, "few", "few.>");

    StreamInfo info = nats.jetStreamManagement().getStreamInfo("few");
    assertThat(figures.messages()).isEqualTo(2);
    assertThat(figures.bytes()).isEqualTo(info.getStreamState().getByteCount());
    assertThat(figures.maxBytes()).isEqualTo(1 << 20);
    assertThat(figures.lastSequence()).isEqualTo(3);
    assertThat(figures.consumers()).isEqualTo(1);
    assertThat(figures.subjects()).hasSize(2).containsEntry("few.a", 1L).containsEntry("few.b", 1L);
    assertThat(StreamFigures.read(nats, "few", null))
        .extracting("subjects")
        .asString()
        .isEqualTo("{}");
  }

  @Test
  void a_stream_that_is_made_anew_is_another() throws Exception {
    stream("twice");
    StreamFigures before = StreamFigures.read(nats, "twice", null);
    nats.jetStreamManagement().deleteStream("twice");
    stream("twice");

    assertThat(StreamFigures.read(nats, "twice", null).created()).isNotEqualTo(before.created());
  }

  @Test
  void subjects_are_counted_however_many_there_are() throws Exception {
    nats.jetStreamManagement()
        .addStream(
            StreamConfiguration.builder()
                .name("many")
                .subjects("many.>")
                .storageType(StorageType.Memory)
                .build());
    for (int i = 0; i <= PAGE; i++) {
      nats.publish("many." + i, null);
    }
    await()
        .atMost(Duration.ofSeconds(30))
        .until(() -> StreamFigures.read(nats, "many", null).messages() == PAGE + 1);

    assertThat(StreamFigures.read(nats, "many", "many.>").subjects()).hasSize(PAGE + 1);
  }

  @Test
  void a_stream_that_is_not_there_is_refused_as_the_client_tells_it() {
    assertThatThrownBy(() -> StreamFigures.read(nats, "none", null))
        .isInstanceOfSatisfying(
            JetStreamApiException.class,
            e -> assertThat(e.getApiErrorCode()).isEqualTo(Refusals.STREAM_NOT_FOUND));
  }

  private static void stream(String name) throws Exception {
    nats.jetStreamManagement()
        .addStream(
            StreamConfiguration.builder()
                .name(name)
                .subjects(name + ".>")
                .maxBytes(1 << 20)
                .build());
  }

  private static io.nats.client.api.ConsumerConfiguration consumer() {
    return io.nats.client.api.ConsumerConfiguration.builder().durable("c").build();
  }
}
