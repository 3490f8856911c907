package dev.drover.worker.slots;

import static org.assertj.core.api.Assertions.assertThat;

import dev.drover.wire.state.WireJson;
import dev.drover.worker.postgres.SessionUse;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

class ObservationTest {
  private final Observation observation = new Observation();

  private Duration quietAt(long seconds, long revision) {
    Slot slot =
        new Slot(
            "a", "pod", "ns/m", "read", SessionUse.Read, 4, Slot.State.Open, true, "2026-01-01");
    return observation
        .look(
            List.of(new Observation.Entry("0123456789.slot.3", revision, WireJson.bytes(slot))),
            Duration.ofSeconds(seconds).toNanos())
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
    assertThat(quietAt(5000, 7)).as("it or NATS was away").isEqualTo(Duration.ofSeconds(5));
  }
}
