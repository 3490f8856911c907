package dev.drover.wire.decision;

import static org.assertj.core.api.Assertions.assertThat;

import dev.drover.wire.batch.Origin;
import dev.drover.wire.decision.Verdict.FailureClass;
import dev.drover.wire.state.WireJson;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class DecisionTest {
  private static final Cause CAUSE =
      new Cause("steps[0]", "QtyNotPositive", "public.orders", "qty");

  private static List<IndexedVerdict> verdicts() {
    return List.of(
        new IndexedVerdict(0, new Verdict.Filtered()),
        new IndexedVerdict(2, new Verdict.Failed(FailureClass.Record, CAUSE, "qty is -1")),
        new IndexedVerdict(3, new Verdict.Failed(FailureClass.Record, CAUSE, "qty is -2")),
        new IndexedVerdict(5, new Verdict.Waiting(CAUSE, "parent missing")));
  }

  private static Decision decision() {
    return new Decision(
        "b-0",
        2,
        Origin.queue,
        "rev",
        "hash",
        Counts.of(10, verdicts()),
        List.of(6),
        Decision.groups(verdicts()),
        41,
        "2026-11-23T00:00:00Z");
  }

  @Test
  void every_record_of_a_batch_is_counted_once() {
    Counts counts = decision().counts();

    assertThat(counts).isEqualTo(new Counts(10, 6, 1, 2, 1, 0));
    assertThat(counts.balanced()).isTrue();
  }

  @Test
  void the_tally_is_read_from_headers_alone() {
    Decision.Summary summary = Decision.Summary.parse(decision().toHeaders("clean"));

    assertThat(summary).isEqualTo(new Decision.Summary(decision().counts(), 1, Origin.queue, 2));
  }

  @Test
  void how_many_failed_of_which_cause_is_read_from_headers_alone() {
    assertThat(Decision.failures(decision().toHeaders("clean")))
        .as("what waits has not failed")
        .containsExactly(Map.entry(CAUSE.fingerprint("clean"), 2L));
  }

  @Test
  void the_headers_of_a_batch_with_very_many_causes_stay_small() {
    List<IndexedVerdict> verdicts = new ArrayList<>();
    for (int i = 0; i < 5000; i++) {
      Cause cause = new Cause("steps[0]", "C" + i, "public.orders", "qty");
      verdicts.add(new IndexedVerdict(i, new Verdict.Failed(FailureClass.Record, cause, "no")));
    }
    Decision many =
        new Decision(
            "b-0",
            1,
            Origin.queue,
            "rev",
            "hash",
            Counts.of(5000, verdicts),
            List.of(),
            Decision.groups(verdicts),
            41,
            "2026-11-23T00:00:00Z");

    Map<String, Long> failures = Decision.failures(many.toHeaders("clean"));
    assertThat(failures).hasSize(101).containsEntry(Decision.OTHER_CAUSES, 4900L);
    assertThat(failures.values().stream().mapToLong(Long::longValue).sum()).isEqualTo(5000);
  }

  @Test
  void a_decision_without_failures_names_no_cause() {
    assertThat(Decision.failures(new io.nats.client.impl.Headers())).isEmpty();
  }

  @Test
  void a_decision_survives_json() {
    byte[] json = WireJson.bytes(decision());

    assertThat(WireJson.parse(json, Decision.class)).isEqualTo(decision());
  }

  @Test
  void a_decision_about_many_failed_records_fits_a_message() {
    List<IndexedVerdict> all = new ArrayList<>();
    for (int i = 0; i < 20_000; i++) {
      all.add(new IndexedVerdict(i, new Verdict.Failed(FailureClass.Record, CAUSE, "no " + i)));
    }

    Decision big =
        new Decision(
            "b",
            1,
            Origin.queue,
            "r",
            "h",
            Counts.of(20_000, all),
            List.of(),
            Decision.groups(all),
            0,
            "t");

    assertThat(WireJson.bytes(big)).hasSizeLessThan(200_000);
  }

  @Test
  void failures_with_one_cause_share_a_fingerprint_whatever_their_values() {
    assertThat(CAUSE.fingerprint("clean")).isEqualTo(CAUSE.fingerprint("clean"));
    assertThat(CAUSE.fingerprint("clean")).isNotEqualTo(CAUSE.fingerprint("load"));
    assertThat(CAUSE.fingerprint("clean"))
        .isNotEqualTo(
            new Cause("steps[0]", "QtyNotPositive", "public.orders", "").fingerprint("clean"));
  }

  @Test
  void verdicts_survive_json_for_the_ledger() {
    for (IndexedVerdict v : verdicts()) {
      assertThat(WireJson.parse(WireJson.bytes(v), IndexedVerdict.class)).isEqualTo(v);
    }
  }
}
