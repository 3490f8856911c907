package dev.drover.operator.desk;

import static org.assertj.core.api.Assertions.assertThat;

import dev.drover.wire.batch.BatchId;
import dev.drover.wire.batch.Origin;
import dev.drover.wire.decision.Counts;
import dev.drover.wire.decision.Decision;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class FateTest {
  private final Map<String, Decision> decisions = new HashMap<>();

  private Decision decide(String batch, Counts counts) {
    Decision decision =
        new Decision(batch, 1, Origin.retry, "rev", "hash", counts, List.of(), List.of(), 0, "now");
    decisions.put(batch, decision);
    return decision;
  }

  private Fate fate() {
    return Fate.of(BatchId.replay(7), batch -> Optional.ofNullable(decisions.get(batch.text())));
  }

  @Test
  void an_undecided_record_is_under_way() {
    assertThat(fate()).isEqualTo(new Fate.UnderWay());
  }

  @Test
  void a_record_that_waits_is_followed_through_its_tries() {
    decide("r7", new Counts(1, 0, 0, 0, 1, 0));
    assertThat(fate()).isEqualTo(new Fate.Waits());

    Decision last = decide("r7-w1", new Counts(1, 0, 0, 1, 0, 0));
    assertThat(fate()).isEqualTo(new Fate.FailedAgain(last));
  }

  @Test
  void a_filtered_record_is_out_of_the_way() {
    decide("r7", new Counts(1, 0, 1, 0, 0, 0));

    assertThat(fate()).isEqualTo(new Fate.Filtered());
  }

  @Test
  void a_record_may_pass() {
    assertThat(List.of(new Fate.Passed(decide("r7", new Counts(1, 1, 0, 0, 0, 0)))))
        .containsExactly((Fate.Passed) fate());
  }
}
