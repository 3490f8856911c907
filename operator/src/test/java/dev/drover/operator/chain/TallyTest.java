package dev.drover.operator.chain;

import static org.assertj.core.api.Assertions.assertThat;

import dev.drover.wire.batch.BatchId;
import dev.drover.wire.batch.Origin;
import dev.drover.wire.decision.Counts;
import dev.drover.wire.decision.Decision;
import java.time.Instant;
import org.junit.jupiter.api.Test;

class TallyTest {
  private static final Instant NOW = Instant.parse("2026-01-01T00:00:00Z");

  private final Tally tally = new Tally();

  private void decide(long sequence, String batch, Origin origin, Counts counts, int parts) {
    tally.add(
        sequence, "load", new BatchId(batch), new Decision.Summary(counts, parts, origin, 1), NOW);
  }

  @Test
  void a_decision_that_is_shown_twice_counts_once() {
    decide(1, "abc-0-0", Origin.queue, new Counts(10, 10, 0, 0, 0, 0), 1);
    decide(1, "abc-0-0", Origin.queue, new Counts(10, 10, 0, 0, 0, 0), 1);

    assertThat(tally.stage("load").now().in()).isEqualTo(10);
    assertThat(tally.stage("load").decisions()).isEqualTo(1);
  }

  @Test
  void a_record_that_was_sent_again_and_passed_is_failed_no_more() {
    decide(1, "abc-0-0", Origin.queue, new Counts(10, 8, 0, 2, 0, 0), 1);
    decide(2, "r1", Origin.retry, new Counts(1, 1, 0, 0, 0, 0), 1);

    assertThat(tally.stage("load").now()).isEqualTo(new Counts(10, 9, 0, 1, 0, 0));
  }

  @Test
  void a_record_that_failed_again_is_failed_once() {
    decide(1, "abc-0-0", Origin.queue, new Counts(10, 8, 0, 2, 0, 0), 1);
    decide(2, "r1", Origin.retry, new Counts(1, 0, 0, 1, 0, 0), 0);

    assertThat(tally.stage("load").now()).isEqualTo(new Counts(10, 8, 0, 2, 0, 0));
  }

  @Test
  void a_waived_record_is_waived_instead_of_failed() {
    decide(1, "abc-0-0", Origin.queue, new Counts(10, 8, 0, 2, 0, 0), 1);
    decide(2, "r1", Origin.retry, new Counts(1, 0, 0, 0, 0, 1), 0);

    assertThat(tally.stage("load").now()).isEqualTo(new Counts(10, 8, 0, 1, 0, 1));
    assertThat(tally.stage("load").now().balanced()).isTrue();
  }

  @Test
  void records_that_waited_are_counted_where_they_ended() {
    decide(1, "abc-0-0", Origin.queue, new Counts(10, 5, 0, 0, 5, 0), 0);
    decide(2, "abc-0-0-w1", Origin.waiting, new Counts(5, 3, 0, 0, 2, 0), 0);
    decide(3, "abc-0-0-w2", Origin.waiting, new Counts(2, 0, 0, 2, 0, 0), 0);

    assertThat(tally.stage("load").now()).isEqualTo(new Counts(10, 8, 0, 2, 0, 0));
    assertThat(tally.stage("load").decidedBatches()).as("the first only").isEqualTo(1);
  }

  @Test
  void the_parts_of_every_origin_are_promised() {
    decide(1, "abc-0-0", Origin.queue, new Counts(10, 9, 0, 1, 0, 0), 2);
    decide(2, "r1", Origin.retry, new Counts(1, 1, 0, 0, 0, 0), 1);

    assertThat(tally.stage("load").parts()).isEqualTo(3);
  }

  @Test
  void a_replay_belongs_to_no_table() {
    decide(1, "abc-0-0", Origin.queue, new Counts(10, 9, 0, 1, 0, 0), 1);
    decide(2, "r1-p0", Origin.queue, new Counts(1, 1, 0, 0, 0, 0), 1);

    assertThat(tally.table("load", "abc").decidedBatches()).isEqualTo(1);
    assertThat(tally.stage("load").decidedBatches()).isEqualTo(2);
  }
}
