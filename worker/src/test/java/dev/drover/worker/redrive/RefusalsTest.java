package dev.drover.worker.redrive;

import static org.assertj.core.api.Assertions.assertThat;

import dev.drover.wire.decision.Cause;
import dev.drover.wire.decision.Verdict.FailureClass;
import dev.drover.wire.failure.FailedMessage;
import dev.drover.wire.failure.QueuedFailure;
import dev.drover.wire.replay.RedriveProgress.Refusal;
import dev.drover.worker.redrive.Renewal.Renewed.Refused;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class RefusalsTest {
  private static QueuedFailure failure(long sequence, int bytes) {
    return new QueuedFailure(
        sequence,
        new FailedMessage(
            new FailedMessage.Detail(
                "clean",
                "b",
                0,
                "public.item",
                "1",
                "s",
                FailureClass.Record,
                new Cause("steps[0]", "Code", "public.item", ""),
                "",
                "rev1",
                "2026-01-01T00:00:00Z",
                "2026-01-01T00:00:00Z",
                0,
                null),
            new byte[bytes]));
  }

  private static Refused refused(String code, String message) {
    return new Refused(failure(1, 1), code, message);
  }

  @Test
  void reasons_are_counted_those_of_most_records_first() {
    Refusals refusals = new Refusals();
    refusals.add(refused("FailsBefore", "stage a"));
    refusals.add(refused("SourceRowGone", "gone"));
    refusals.add(refused("FailsBefore", "stage b"));
    refusals.add(refused("SourceRowGone", "gone"));

    assertThat(refusals.count()).isEqualTo(4);
    assertThat(refusals.list())
        .startsWith(new Refusal("SourceRowGone", "gone", 2))
        .contains(
            new Refusal("FailsBefore", "stage a", 1), new Refusal("FailsBefore", "stage b", 1));
  }

  @Test
  void a_change_that_does_not_fit_is_one_reason_whatever_the_record() {
    Refusals refusals = new Refusals();
    for (int i = 0; i < 100; i++) {
      refusals.add(refused(AsItFailed.CODE, "has " + i + " bytes"));
    }

    assertThat(refusals.list()).containsExactly(new Refusal(AsItFailed.CODE, "has 0 bytes", 100));
  }

  @Test
  void reasons_without_end_are_summed() {
    Refusals refusals = new Refusals();
    for (int i = 0; i < 100; i++) {
      refusals.add(refused("FailsBefore", "stage " + i));
    }

    assertThat(refusals.list()).hasSize(21).startsWith(new Refusal("Others", "other reasons", 80));
    assertThat(refusals.list().stream().mapToLong(Refusal::records).sum()).isEqualTo(100);
  }

  @Test
  void portions_hold_as_many_records_as_their_bytes_allow_and_lose_none() {
    List<QueuedFailure> failures = new ArrayList<>();
    for (int i = 0; i < 300; i++) {
      failures.add(failure(i, i < 100 ? 100 : 0));
    }

    List<List<QueuedFailure>> portions = Portions.of(failures);

    assertThat(portions).hasSize(2);
    assertThat(portions.stream().flatMap(List::stream).toList()).isEqualTo(failures);
    assertThat(Portions.of(List.of())).isEmpty();
  }
}
