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

  @ParameterizedTest
  @CsvSource({
    "1,5,1",
    "4,5,8",
    "5,0,8",
    "5,1,16",
    "9,1,16",
    "9,5,256",
    "10,5,256",
    "1000000,5,256",
    "20,9,256"
  })
  void outside_a_full_room_they_double_further(long deliveries, int more, int seconds) {
    assertThat(WaitingRoom.pause(deliveries, more)).isEqualTo(Duration.ofSeconds(seconds));
    assertThat(WaitingRoom.LONGEST_REST).isEqualTo(Duration.ofSeconds(256));
  }
}
