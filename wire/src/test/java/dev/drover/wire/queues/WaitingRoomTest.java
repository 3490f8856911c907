package dev.drover.wire.queues;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class WaitingRoomTest {
  @ParameterizedTest
  @CsvSource({"1,1", "2,2", "3,4", "4,8", "5,8", "1000000,8"})
  void pauses_double_up_to_the_longest(long deliveries, int seconds) {
    assertThat(WaitingRoom.pause(deliveries)).isEqualTo(Duration.ofSeconds(seconds));
  }
}
