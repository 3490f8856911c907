package dev.drover.operator.chain;

import static org.assertj.core.api.Assertions.assertThat;

import dev.drover.wire.decision.Counts;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class LostFailuresTest {
  private static final Instant NOW = Instant.parse("2026-01-01T00:00:00Z");

  /** A load that counts some failed records. */
  private static List<Standing> load(long failed, long decisions, long inFlight) {
    return List.of(
        new Standing(
            PlayedWorker.spec().stage("load"),
            new Counts(100, 100 - failed, 0, failed, 0, 0),
            10,
            10,
            decisions,
            0,
            0,
            decisions,
            100,
            100,
            false,
            false,
            new Backlog(5, 0, 0, inFlight, 0, List.of(), false, false, 0, null),
            0));
  }

  private static LostFailures after(
      LostFailures before, List<Standing> stages, long queued, int seconds) {
    return before.next(stages, Map.of("load", queued), NOW.plusSeconds(seconds));
  }

  private static LostFailures lost() {
    LostFailures suspected = after(LostFailures.NONE, load(3, 7, 0), 1, 0);
    return after(suspected, load(3, 7, 0), 1, 10);
  }

  @Test
  void fewer_messages_than_failed_records_for_a_while_are_lost_ones() {
    LostFailures suspected = after(LostFailures.NONE, load(3, 7, 0), 1, 0);
    assertThat(suspected.stage()).isEqualTo("load");
    assertThat(suspected.certain()).isFalse();
    assertThat(after(suspected, load(3, 7, 0), 1, 9).certain()).isFalse();

    assertThat(lost().certain()).isTrue();
    assertThat(BalanceCheck.of(load(3, 7, 0), Map.of(), null, lost(), null).message())
        .startsWith("stage load counts 3 failed records, but the error queue has 1 of them");
  }

  @Test
  void as_many_or_more_are_none() {
    assertThat(after(LostFailures.NONE, load(3, 7, 0), 3, 0)).isEqualTo(LostFailures.NONE);
    assertThat(after(LostFailures.NONE, load(3, 7, 0), 4, 0))
        .as("one that is out of the way was not removed yet")
        .isEqualTo(LostFailures.NONE);
  }

  @Test
  void what_a_batch_in_work_has_decided_may_not_be_published_yet() {
    assertThat(after(LostFailures.NONE, load(3, 7, 1), 1, 0)).isEqualTo(LostFailures.NONE);
    LostFailures suspected = after(LostFailures.NONE, load(3, 7, 0), 1, 0);
    assertThat(after(suspected, load(3, 7, 1), 1, 10)).isEqualTo(LostFailures.NONE);
  }

  @Test
  void a_decision_or_a_message_begins_the_while_anew() {
    LostFailures suspected = after(LostFailures.NONE, load(3, 7, 0), 1, 0);
    assertThat(after(suspected, load(3, 8, 0), 1, 10).certain()).isFalse();
    assertThat(after(suspected, load(3, 7, 0), 2, 10).certain()).isFalse();
  }

  @Test
  void what_is_certain_stays_so_while_work_goes_on_until_the_messages_are_back() {
    LostFailures busy = after(lost(), load(4, 8, 2), 2, 11);
    assertThat(busy.certain()).isTrue();
    LostFailures later = after(busy, load(5, 9, 0), 3, 12);
    assertThat(later.certain()).isTrue();
    assertThat(later.failed()).isEqualTo(5);

    assertThat(after(later, load(5, 9, 0), 5, 13)).isEqualTo(LostFailures.NONE);
  }
}
