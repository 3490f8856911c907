package dev.drover.wire.replay;

import static org.assertj.core.api.Assertions.assertThat;

import dev.drover.wire.decision.Cause;
import dev.drover.wire.decision.Verdict.FailureClass;
import dev.drover.wire.failure.FailedMessage;
import dev.drover.wire.failure.QueuedFailure;
import dev.drover.wire.names.ChainNames;
import java.util.Set;
import org.junit.jupiter.api.Test;

class SelectorTest {
  private static final FailedMessage.Detail FAILURE =
      new FailedMessage.Detail(
          "load",
          "b-1",
          0,
          "public.item",
          "7",
          "schema",
          FailureClass.Record,
          new Cause("load", "CheckViolated", "public.item", "qty_check"),
          "no",
          "rev",
          "2026-01-01T00:00:00Z",
          "2026-02-01T00:00:00Z",
          0,
          null);

  private static Selector by(String stage, String code, String fingerprint, String table) {
    return new Selector(stage, code, fingerprint, table, null, null, Set.of());
  }

  private static Selector seen(String after, String before) {
    return new Selector(null, null, null, null, after, before, Set.of());
  }

  @Test
  void records_may_be_named_by_their_messages() {
    Selector some =
        new Selector("load", null, null, null, null, null, Set.of(), Set.of(7L, 40L), null);
    FailedMessage message = new FailedMessage(FAILURE, new byte[0]);

    assertThat(some.firstSequence()).isEqualTo(7);
    assertThat(some.lastSequence()).isEqualTo(40);
    assertThat(Selector.ALL.firstSequence()).isEqualTo(1);
    assertThat(Selector.ALL.lastSequence()).isEqualTo(Long.MAX_VALUE);
    Selector named =
        new Selector(FAILURE.stage(), null, null, null, null, null, Set.of(), Set.of(7L), null);
    assertThat(named.chooses(new QueuedFailure(7, message))).isTrue();
    assertThat(named.chooses(new QueuedFailure(8, message))).isFalse();
    Selector elsewhere =
        new Selector("none", null, null, null, null, null, Set.of(), Set.of(7L), null);
    assertThat(elsewhere.chooses(new QueuedFailure(7, message))).isFalse();
  }

  @Test
  void what_comes_after_a_message_may_be_left_alone() {
    Selector early = new Selector(null, null, null, null, null, null, Set.of(), Set.of(), 7L);
    FailedMessage message = new FailedMessage(FAILURE, new byte[0]);

    assertThat(early.lastSequence()).isEqualTo(7);
    assertThat(early.chooses(new QueuedFailure(7, message))).isTrue();
    assertThat(early.chooses(new QueuedFailure(8, message))).isFalse();
    assertThat(
            new Selector(null, null, null, null, null, null, Set.of(), Set.of(3L, 9L), 7L)
                .lastSequence())
        .isEqualTo(7);
  }

  @Test
  void every_field_narrows_the_choice() {
    assertThat(Selector.ALL.matches(FAILURE)).isTrue();
    assertThat(by("load", "CheckViolated", FAILURE.fingerprint(), "public.item").matches(FAILURE))
        .isTrue();
    assertThat(by("clean", null, null, null).matches(FAILURE)).isFalse();
    assertThat(by(null, "Other", null, null).matches(FAILURE)).isFalse();
    assertThat(by(null, null, "0123456789abcdef", null).matches(FAILURE)).isFalse();
    assertThat(by(null, null, null, "public.other").matches(FAILURE)).isFalse();
    assertThat(new Selector(null, null, null, null, null, null, Set.of("7")).matches(FAILURE))
        .isTrue();
    assertThat(new Selector(null, null, null, null, null, null, Set.of("8")).matches(FAILURE))
        .isFalse();
  }

  @Test
  void times_are_of_the_last_failure_and_the_end_is_not_within() {
    assertThat(seen("2026-02-01T00:00:00Z", null).matches(FAILURE)).isTrue();
    assertThat(seen("2026-02-01T00:00:00.1Z", null).matches(FAILURE)).isFalse();
    assertThat(seen(null, "2026-02-01T00:00:00Z").matches(FAILURE)).isFalse();
    assertThat(seen(null, "2026-02-01T00:00:00.1Z").matches(FAILURE)).isTrue();
  }

  @Test
  void only_the_causes_in_question_are_read() {
    ChainNames names = new ChainNames("id");
    assertThat(Selector.ALL.subjects(names)).containsExactly("drover.id.errors.*.*");
    assertThat(by("load", null, "f", null).subjects(names))
        .containsExactly("drover.id.errors.load.f");
  }

  @Test
  void failures_stop_a_redrive_by_count_or_by_share() {
    assertThat(stopping(5, null).stops(4, 4)).isFalse();
    assertThat(stopping(5, null).stops(5, 1000)).isTrue();
    assertThat(stopping(null, 10).stops(10, 100)).isFalse();
    assertThat(stopping(null, 10).stops(11, 100)).isTrue();
    assertThat(stopping(null, 0).stops(0, 0)).isFalse();
    assertThat(stopping(null, null).stops(100, 100)).isFalse();
  }

  private static RedriveOrder stopping(Integer count, Integer percent) {
    return new RedriveOrder(
        new JournalEntry.By("Redrive", "a", "a", 1),
        Selector.ALL,
        JournalEntry.Action.replay,
        Change.NONE,
        null,
        java.util.List.of(),
        count,
        percent,
        false,
        false);
  }
}
