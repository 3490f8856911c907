package dev.drover.operator.desk;

import static org.assertj.core.api.Assertions.assertThat;

import dev.drover.api.v1alpha1.FailedRecordStatus.SourceRow;
import java.time.Duration;
import java.time.Instant;
import org.junit.jupiter.api.Test;

class SourceRowsTest {
  private static final Instant ASKED = Instant.parse("2026-01-01T00:00:00Z");
  private static final SourceRow READING =
      new SourceRow(1, ASKED.toString(), "Reading", "it is read by Redrive r", null);

  private static Duration after(int seconds) {
    return SourceRows.again(READING, ASKED.plusSeconds(seconds));
  }

  @Test
  void what_takes_long_is_looked_at_more_and_more_seldom() {
    assertThat(after(0)).isEqualTo(Duration.ofSeconds(1));
    assertThat(after(3)).isEqualTo(Duration.ofSeconds(1));
    assertThat(after(20)).isEqualTo(Duration.ofSeconds(5));
    assertThat(after(3600)).isEqualTo(Duration.ofSeconds(15));
    assertThat(after(-60)).as("a clock that was set back").isEqualTo(Duration.ofSeconds(1));
  }

  @Test
  void who_waits_for_room_looks_as_often_as_who_has_just_come() {
    SourceRow waits = new SourceRow(1, ASKED.toString(), "Reading", SourceReplays.WAITS, null);

    assertThat(SourceRows.again(waits, ASKED.plusSeconds(3600))).isEqualTo(Duration.ofSeconds(1));
  }

  @Test
  void only_what_is_being_read_is_looked_at_again() {
    assertThat(SourceRows.isReading(READING)).isTrue();
    assertThat(SourceRows.isReading(new SourceRow(1, ASKED.toString(), "Read", null, null)))
        .isFalse();
  }
}
