package dev.drover.worker.slots;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.drover.wire.state.WireJson;
import dev.drover.worker.session.SessionUse;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

class ObservationTest {
  private final Observation observation = new Observation();

  private Duration quietAt(long seconds, long revision) {
    return quietAt(seconds, revision, seconds);
  }

  private Duration quietAt(long seconds, long revision, long heard) {
    Slot slot =
        new Slot(
            "a",
            "pod",
            "p1",
            "ns/m",
            "read",
            SessionUse.Work,
            4,
            Slot.State.Open,
            true,
            "2026-01-01");
    return observation
        .look(
            List.of(new Observation.Entry("0123456789.slot.3", revision, WireJson.bytes(slot))),
            Duration.ofSeconds(seconds).toNanos(),
            Duration.ofSeconds(heard).toNanos())
        .slots()
        .getFirst()
        .quiet();
  }

  @Test
  void a_slot_is_quiet_since_its_last_renewal_was_seen() {
    assertThat(quietAt(1000, 7)).isEqualTo(Duration.ZERO);
    assertThat(quietAt(1003, 7)).isEqualTo(Duration.ofSeconds(3));
    assertThat(quietAt(1006, 7)).isEqualTo(Duration.ofSeconds(6));
    assertThat(quietAt(1009, 8)).isEqualTo(Duration.ZERO);
  }

  @Test
  void time_in_which_nothing_could_be_seen_does_not_count() {
    quietAt(1000, 7);
    assertThat(quietAt(5000, 7)).as("it was away").isEqualTo(Duration.ofSeconds(5));
    assertThat(quietAt(5003, 7, 5001)).isEqualTo(Duration.ofSeconds(8));
    assertThat(quietAt(5006, 7, 5001)).as("NATS was").isEqualTo(Duration.ofSeconds(11));
    assertThat(quietAt(5009, 7, 5001)).isEqualTo(Duration.ofSeconds(11));
    assertThat(quietAt(5012, 7, 5012)).isEqualTo(Duration.ofSeconds(14));
  }

  @Test
  void an_entry_that_cannot_be_read_is_a_slot_that_is_taken() {
    for (String odd : List.of("not JSON", "{}", "{\"id\":\"a\",\"state\":\"Later\"}")) {
      SlotTable table =
          observation.look(
              List.of(
                  new Observation.Entry("0123456789.slot.3", 1, odd.getBytes(UTF_8)),
                  new Observation.Entry("0123456789.wish.x", 2, odd.getBytes(UTF_8))),
              0,
              0);
      assertThat(table.slots()).extracting(SlotTable.Taken::number).containsExactly(3);
      assertThat(table.wishes()).isEmpty();
    }
  }
}
