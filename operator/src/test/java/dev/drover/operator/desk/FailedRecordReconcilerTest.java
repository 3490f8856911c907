package dev.drover.operator.desk;

import static org.assertj.core.api.Assertions.assertThat;

import dev.drover.api.v1alpha1.FailedRecord;
import dev.drover.api.v1alpha1.FailedRecordSpec;
import dev.drover.api.v1alpha1.FailedRecordSpec.Action;
import dev.drover.api.v1alpha1.Migration;
import dev.drover.operator.chain.ChainRef;
import dev.drover.wire.failure.SomeFailure;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Test;

class FailedRecordReconcilerTest {
  /** One that was looked at as it was first, and is now of some generation. */
  private static FailedRecord resource(Action action, long generation) {
    FailedRecord resource =
        FailedRecordDesk.resource(
            new Migration(),
            new ChainRef("shop", "orders", "uid"),
            "orders-load-7",
            SomeFailure.at(7, "load"));
    resource.getMetadata().setGeneration(1L);
    resource.setStatus(
        RecordStatuses.say(
            RecordStatuses.unknown(resource, "orders", 7),
            resource,
            null,
            List.of(),
            Answer.open(),
            Instant.EPOCH));
    resource.getMetadata().setGeneration(generation);
    resource.setSpec(new FailedRecordSpec(action, null, null, null, 0));
    return resource;
  }

  @Test
  void one_that_only_shows_its_record_is_not_looked_at_when_the_operator_starts() {
    assertThat(FailedRecordReconciler.asks(resource(Action.None, 1))).isFalse();
  }

  @Test
  void one_that_asks_is_looked_at() {
    assertThat(FailedRecordReconciler.asks(resource(Action.Replay, 2))).isTrue();
  }

  @Test
  void one_that_was_edited_while_nobody_looked_is_looked_at_though_it_asks_nothing_now() {
    assertThat(FailedRecordReconciler.asks(resource(Action.None, 3))).isTrue();
  }
}
