package dev.drover.operator.desk;

import static org.assertj.core.api.Assertions.assertThat;

import dev.drover.api.v1alpha1.FailedRecord;
import dev.drover.operator.chain.ChainRef;
import dev.drover.wire.names.ChainNames;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import java.time.Instant;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class AllowanceTest {
  private static final Instant NOW = Instant.parse("2026-01-01T00:00:00Z");
  private static final ChainNames NAMES = new ChainRef("shop", "orders", "uid").names();
  private static final String A = NAMES.errorSubject("load", "a");
  private static final String B = NAMES.errorSubject("load", "b");

  private static List<FailedRecord> shown(int count, long secondsAgo) {
    FailedRecord resource = new FailedRecord();
    resource.setMetadata(
        new ObjectMetaBuilder()
            .withName("r")
            .withLabels(Map.of(RecordNames.STAGE, "load", RecordNames.FINGERPRINT, "a"))
            .withAnnotations(Map.of(RecordNames.SEQUENCE, "1"))
            .withCreationTimestamp(NOW.minusSeconds(secondsAgo).toString())
            .build());
    return Collections.nCopies(count, resource);
  }

  private static int of(Map<String, Integer> lacking, List<FailedRecord> shown, boolean busy) {
    return Allowance.of(lacking, shown, NAMES, busy, NOW);
  }

  @Test
  void the_first_of_each_cause_are_made_at_once() {
    Map<String, Integer> lacking = Map.of(A, 100, B, 100);
    assertThat(of(lacking, List.of(), true)).isEqualTo(2 * Allowance.AT_ONCE);
    assertThat(of(lacking, shown(10, 1), true)).as("those of b").isEqualTo(Allowance.AT_ONCE);
  }

  @Test
  void then_a_few_a_second_while_records_move() {
    Map<String, Integer> lacking = Map.of(A, 100);
    assertThat(of(lacking, shown(8, 1), true)).isEqualTo(2);
    assertThat(of(lacking, shown(10, 1), true)).isZero();
    assertThat(of(lacking, shown(50, 5), true)).as("a while ago").isEqualTo(Allowance.IN_SPAN);
  }

  @Test
  void all_that_a_visit_can_make_when_nothing_moves_any_more() {
    assertThat(of(Map.of(A, 100), shown(50, 1), false)).isEqualTo(Allowance.STEPS);
  }

  @Test
  void never_more_than_a_visit_can_make() {
    Map<String, Integer> lacking = new java.util.HashMap<>();
    for (int i = 0; i < 50; i++) {
      lacking.put(NAMES.errorSubject("load", "c" + i), 4);
    }
    assertThat(of(lacking, List.of(), true)).isEqualTo(Allowance.STEPS);
  }
}
