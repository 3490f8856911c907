package dev.drover.operator.desk;

import static org.assertj.core.api.Assertions.assertThat;

import dev.drover.api.v1alpha1.Condition;
import dev.drover.api.v1alpha1.FailedRecord;
import dev.drover.api.v1alpha1.FailedRecordStatus;
import io.fabric8.kubernetes.client.utils.Serialization;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Test;

class RecordStatusesTest {
  private static Condition correction(long generation, Long handled, Answer answer) {
    FailedRecord resource =
        Serialization.unmarshal(
            """
            apiVersion: drover.dev/v1alpha1
            kind: FailedRecord
            metadata: {name: shop-load-4, generation: %d, labels: {}}
            spec: {action: Replay, correction: {id: abc}}
            """
                .formatted(generation),
            FailedRecord.class);
    FailedRecordStatus described = RecordStatuses.unknown(resource, "shop", 4);
    return RecordStatuses.say(described, resource, handled, List.of(), answer, Instant.EPOCH)
        .conditions()
        .stream()
        .filter(c -> c.type().equals("CorrectionValid"))
        .findFirst()
        .orElseThrow();
  }

  @Test
  void a_correction_that_came_after_the_record_was_sent_is_not_said_to_be_valid() {
    Condition late = correction(4, 2L, Answer.replaying("it is sent"));

    assertThat(late.status()).isEqualTo("Unknown");
    assertThat(late.reason()).isEqualTo("NotTaken");
    assertThat(late.message()).contains("with generation 2", "neither looked at nor sent");
  }

  @Test
  void one_that_was_sent_or_may_still_be_sent_is() {
    assertThat(correction(2, 2L, Answer.replaying("it is sent")).status()).isEqualTo("True");
    assertThat(correction(4, 2L, Answer.open()).status()).isEqualTo("True");
  }
}
