package dev.drover.worker.jetstream;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchException;

import io.nats.client.api.PublishAck;
import io.nats.client.impl.NatsMessage;
import java.io.IOException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class NatsFailureTest {
  @ParameterizedTest
  @CsvSource({
    "10002, NatsStorageFull",
    "10023, NatsStorageFull",
    "10047, NatsStorageFull",
    "10054, NatsRefused"
  })
  void a_refusal_is_told_by_its_code(int code, String reason) {
    NatsFailure failure = NatsFailure.of("keep q.read.1", refusal(code));

    assertThat(failure.reason()).isEqualTo(reason);
    assertThat(failure.message()).contains("keep q.read.1").contains("code " + code);
  }

  @Test
  void a_server_that_does_not_answer_is_away() {
    assertThat(NatsFailure.of("keep q.read.1", new IOException("timeout")))
        .isEqualTo(new NatsFailure("NatsUnavailable", "cannot keep q.read.1: timeout"));
  }

  private static Exception refusal(int code) {
    String answer = "{\"error\": {\"code\": 503, \"err_code\": " + code + "}}";
    return catchException(
        () -> new PublishAck(NatsMessage.builder().subject("answer").data(answer, UTF_8).build()));
  }
}
