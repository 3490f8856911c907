package dev.drover.cli.report;

import static org.assertj.core.api.Assertions.assertThat;

import dev.drover.api.v1alpha1.FailedRecord;
import dev.drover.api.v1alpha1.Migration;
import dev.drover.api.v1alpha1.Redrive;
import dev.drover.cli.Records;
import dev.drover.cli.outcome.ExitCode;
import dev.drover.cli.terminal.Style;
import io.fabric8.kubernetes.client.utils.Serialization;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Test;

class ReportTest {
  private static final Instant NOW = Instant.parse("2026-11-24T10:01:40Z");
  private static final String MIGRATION =
      """
      apiVersion: drover.dev/v1alpha1
      kind: Migration
      metadata: {name: shop, namespace: here, uid: u, generation: 2}
      status:
        observedGeneration: 2
        startTime: "2026-11-24T10:00:00Z"
        stagesReady: 2/3
        conditions:
          - {type: Planned, status: "True", reason: Planned, message: 3 tables, lastTransitionTime: x}
          - {type: StagesReady, status: "False", reason: Stalled, message: "load: target is away", lastTransitionTime: x}
          - {type: Completed, status: "False", reason: Running, message: 3 of 5, lastTransitionTime: x}
          - {type: Ready, status: "False", reason: Stalled, message: "load: target is away", lastTransitionTime: x}
        progress: {extractedRecords: 5000, loadedRecords: 4000, filteredRecords: 10, failedRecords: 3, percent: 80%, eta: 3m}
        stages:
          - {name: load, kind: load, state: Stalled, stalled: target is away, inRecords: 4500, passedRecords: 4000, failedRecords: 3, backlogRecords: 400, backlogMessages: 4, scaling: {desired: 2, current: 2, ready: 1, reason: Stalled, message: m}}
        failures:
          - {records: 2, stage: load, step: load, code: CheckViolated, table: shop.item, fingerprint: 0123456789abcdef, sampleKey: "7", message: "no\\e[31m seven"}
          - {records: 1, stage: clean, step: "steps[0]", code: QtyNotPositive, table: shop.item, fingerprint: aaaa456789abcdef, firstSeenTime: "2026-11-24T10:01:00Z"}
        otherFailures: {causes: 4, records: 1000}
      """;

  private static Migration migration(String... changes) {
    String yaml = MIGRATION;
    for (int i = 0; i < changes.length; i += 2) {
      assertThat(yaml).contains(changes[i]);
      yaml = yaml.replace(changes[i], changes[i + 1]);
    }
    return Serialization.unmarshal(yaml, Migration.class);
  }

  private static StatusReport status(Migration migration, Rates rates) {
    return new StatusReport(NOW.toString(), List.of(MigrationView.of(migration, rates, NOW)));
  }

  @Test
  void status_tells_all_of_a_migration_and_what_needs_a_look_once() {
    String text = status(migration(), new Rates()).details(Style.PLAIN);

    assertThat(text)
        .contains("shop in here: NotReady Stalled")
        .contains("read 5,000; loaded 4,000 + filtered 10 + failed 3 + waiting 0 + waived 0")
        .contains("progress 80%, 3m left")
        .containsOnlyOnce("! StagesReady Stalled: load: target is away")
        .contains("! 3 open failures of 6 causes: kubectl drover failures shop -n here")
        .doesNotContain("! Completed", "! Ready", "! Stage load", "\u001b");
    assertThat(text.lines().filter(l -> l.contains("load ")).findFirst().orElseThrow())
        .matches(" +load +load +Stalled +1/2 +400 +4,500 +4,000 +0 +3 +0 +40/s +Stalled");
  }

  @Test
  void a_stage_outside_its_windows_needs_a_look_and_says_when_it_goes_on() {
    String text =
        status(
                migration(
                    "reason: Stalled, message: m}",
                    "reason: OutsideWindow, message: the next opens at 3}",
                    "type: Ready, status: \"False\", reason: Stalled, message: \"load: target is away\"",
                    "type: Ready, status: \"False\", reason: Stalled, message: \"one\\ntwo\""),
                new Rates())
            .details(Style.PLAIN);

    assertThat(text)
        .contains("! Stage load OutsideWindow: the next opens at 3", "\n  one\n  two\n")
        .doesNotContain("\\n");
  }

  @Test
  void a_migration_that_nobody_looked_at_says_so() {
    Migration unseen = migration();
    unseen.setStatus(null);
    MigrationView view = MigrationView.of(unseen, new Rates(), NOW);

    assertThat(view.ready()).isEqualTo("Unknown");
    assertThat(view.attention()).extracting(Attention::reason).containsExactly("NotSeen");
    assertThat(new StatusReport(NOW.toString(), List.of(view)).list(Style.PLAIN))
        .contains("serves namespace here");
  }

  @Test
  void an_edit_that_nobody_looked_at_needs_a_look() {
    assertThat(Attention.of(migration("generation: 2}", "generation: 3}")))
        .first()
        .isEqualTo(
            new Attention(
                "Operator", "NotSeen", "the operator has not looked at the last edit yet"));
  }

  @Test
  void an_equation_is_shown_only_where_it_holds() {
    String over = "startTime: \"2026-11-24T10:00:00Z\"\n  completionTime: \"2026-11-24T10:05:00Z\"";
    String started = "startTime: \"2026-11-24T10:00:00Z\"";

    assertThat(
            status(
                    migration(started, over, "loadedRecords: 4000", "loadedRecords: 4987"),
                    new Rates())
                .details(Style.PLAIN))
        .contains("read 5,000 = loaded 4,987 + filtered 10 + failed 3");
    // Two loads of one queue, each of which has loaded all.
    assertThat(
            status(
                    migration(started, over, "loadedRecords: 4000", "loadedRecords: 9974"),
                    new Rates())
                .details(Style.PLAIN))
        .contains("read 5,000; loaded 9,974 + filtered 10");
  }

  @Test
  void stages_that_come_or_go_need_a_look() {
    Migration grafted =
        migration(
            "startTime:",
            "grafting: {revision: r, stages: [{name: archive, change: Added, state: Planned,"
                + " message: queued records only}]}\n  startTime:");

    assertThat(status(grafted, new Rates()).details(Style.PLAIN))
        .contains("! Graft archive Planned: Added: queued records only");
  }

  @Test
  void rates_are_known_from_the_second_change_on() {
    Rates rates = new Rates();
    rates.note(migration(), NOW);
    rates.note(migration(), NOW.plusSeconds(1));
    assertThat(rates.of(migration(), "load")).isEmpty();

    Migration later = migration("passedRecords: 4000", "passedRecords: 4600");
    rates.note(later, NOW.plusSeconds(3));

    assertThat(rates.of(later, "load")).contains(new Rates.Rate(0, 200));
    assertThat(rates.of(later, "none")).isEmpty();
    assertThat(status(later, rates).frame(Style.PLAIN)).contains("200/s");
  }

  @Test
  void what_stands_still_has_a_rate_of_zero() {
    Rates rates = new Rates();
    rates.note(migration(), NOW);
    rates.note(migration(), NOW.plusSeconds(11));

    assertThat(rates.of(migration(), "load")).contains(new Rates.Rate(0, 0));
  }

  @Test
  void failures_list_causes_and_count_those_that_are_not_listed() {
    FailuresReport report = FailuresReport.of(migration());

    assertThat(report.openRecords()).isEqualTo(1003);
    assertThat(report.text(Style.PLAIN, NOW))
        .contains("0123456789abcdef")
        .contains("CheckViolated, such as key 7: no\\u001b[31m seven")
        .contains("And 1,000 open failures of 4 causes more.")
        .contains("kubectl drover redrive shop --fingerprint CAUSE -n here");
  }

  @Test
  void a_cause_is_named_by_its_code_or_the_beginning_of_its_fingerprint() {
    FailuresReport report = FailuresReport.of(migration());

    for (String name : List.of("CheckViolated", "0123", "0123456789ABCDEF")) {
      assertThat(report.only(name).causes())
          .extracting(Cause::code)
          .containsExactly("CheckViolated");
    }
    assertThat(report.only("shop-load-12").causes()).isEmpty();
  }

  @Test
  void records_of_other_causes_are_left_out() {
    FailedRecord ours = Records.of("{\"qty\": 7}");
    FailedRecord other = Records.of("{\"qty\": 7}", "  fingerprint: 0123", "  fingerprint: bbbb");

    FailuresReport report =
        FailuresReport.of(migration()).only("CheckViolated").with(List.of(other, ours));

    assertThat(report.records()).extracting(RecordView::name).containsExactly("shop-load-12");
    assertThat(report.text(Style.PLAIN, NOW))
        .contains("shop-load-12   shop.item   7     Open")
        .contains("1 record of this cause is shown as resources");
  }

  @Test
  void a_record_shows_original_and_corrected_side_by_side_with_its_history() {
    FailedRecord resource =
        Records.of(
            "{\"qty\": 7, \"label\": \"item 7\"}",
            "action: None",
            "action: Replay, correction: {qty: 8}",
            "replays: 0",
            """
            replays: 1
              maskedFields: [email]
              sourceRow: {request: 1, time: "2026-11-24T10:00:40Z", result: Read, record: {qty: 9, label: item 7}}
              history:
                - {action: Replay, time: "2026-11-24T10:00:40Z", by: anna, generation: 2, correction: {qty: 6}, result: FailedAgain, message: "failed again: no"}
                - {action: Replay, time: "2026-11-24T10:00:50Z", by: Redrive/all, set: [{field: qty, to: "1 + 1"}], result: Sent}""");

    String text = RecordView.of(resource).orElseThrow().details(Style.PLAIN, 100, NOW);

    assertThat(text)
        .contains("  FIELD | ORIGINAL | CORRECTED")
        .contains("* qty   | 7        | 8")
        .contains("  label | \"item 7\" | \"item 7\"")
        .contains("Not shown (***): email")
        .contains("At the source 60s ago: Read")
        .contains("  FIELD | ORIGINAL | SOURCE NOW")
        .contains("* qty   | 7        | 9")
        .containsPattern("Replay +60s ago +anna +\\{\"qty\":6} +FailedAgain +- +failed again: no")
        .containsPattern("Replay +50s ago +Redrive/all +qty = 1 \\+ 1 +Sent");
  }

  @Test
  void a_correction_that_was_not_taken_is_not_shown_as_what_was_loaded() {
    FailedRecord resource =
        Records.of(
            "{\"qty\": 7}",
            "action: None",
            "action: Replay, correction: {qty: 9}",
            "conditions:\n",
            "conditions:\n    - {type: CorrectionValid, status: Unknown, reason: NotTaken,"
                + " message: came later, lastTransitionTime: x}\n");

    String text = RecordView.of(resource).orElseThrow().details(Style.PLAIN, 100, NOW);

    assertThat(text).contains("! CorrectionValid: came later").doesNotContain("CORRECTED");
  }

  private static RecordOutcome.Said said(FailedRecord resource) {
    return RecordOutcome.said(resource, 2);
  }

  private static FailedRecord tried(String generation, String result) {
    return Records.of(
        "{}",
        "replays: 0",
        "replays: 1\n  history: [{action: Replay, time: x, generation: %s, result: %s, message: m}]"
            .formatted(generation, result));
  }

  @Test
  void an_outcome_is_the_answer_to_the_generation_that_asked() {
    assertThat(said(tried("2", "FailedAgain")))
        .isEqualTo(new RecordOutcome.Said(true, "FailedAgain", "m"));
    assertThat(said(tried("2", "Replayed")).last()).isTrue();
    assertThat(said(tried("2", "Refused")).last()).isTrue();
    assertThat(said(tried("2", "Waiting")).last()).isFalse();
    assertThat(said(tried("1", "FailedAgain")).last()).as("an older answer").isFalse();
    assertThat(said(Records.of("{}")).last()).isFalse();
  }

  @Test
  void what_somebody_else_resolved_is_out_of_the_way() {
    FailedRecord resolved =
        Records.of(
            "{}",
            "observedGeneration: 1\n",
            "observedGeneration: 2\n",
            "status: \"False\", reason: Open",
            "status: \"True\", reason: MessageGone");

    assertThat(said(resolved).result()).isEqualTo("Resolved");
    assertThat(RecordOutcome.said(null, 2).result()).isEqualTo("Gone");
  }

  @Test
  void what_is_lost_is_not_waited_for() {
    FailedRecord lost =
        Records.of(
            "{}",
            "observedGeneration: 1\n",
            "observedGeneration: 2\n",
            "status: \"False\", reason: Open",
            "status: \"False\", reason: Lost");

    assertThat(said(lost).last()).isTrue();
    assertThat(said(lost).result()).isEqualTo("Lost");
  }

  private static RedriveView redrive(String status) {
    return RedriveView.of(
        Serialization.unmarshal(
            "apiVersion: drover.dev/v1alpha1\nkind: Redrive\nmetadata: {name: r}\nspec: {migrationName: shop}\nstatus: "
                + status,
            Redrive.class));
  }

  private static ExitCode exit(RedriveView dryRun, String result, RedriveView redrive) {
    return new RedriveReport("here", "shop", "Replay", result, dryRun, redrive).exitCode();
  }

  @Test
  void a_redrive_ends_as_its_conditions_say() {
    String complete =
        "{selected: 3, %s, conditions: [{type: Complete, status: %s, reason: %s, message: m, lastTransitionTime: x}]}";
    RedriveView dry = redrive(complete.formatted("refused: 1", "\"True\"", "DryRun"));
    RedriveView none = redrive(complete.formatted("refused: 0", "\"True\"", "NothingSelected"));
    RedriveView running = redrive(complete.formatted("sent: 1", "\"False\"", "Running"));
    RedriveView done = redrive(complete.formatted("resolved: 3", "\"True\"", "Resolved"));
    RedriveView some = redrive(complete.formatted("failedAgain: 1", "\"True\"", "SomeFailed"));

    assertThat(dry.canBeSent()).isTrue();
    assertThat(exit(dry, "DryRun", null)).isEqualTo(ExitCode.Ok);
    assertThat(exit(dry, "NotSent", null)).isEqualTo(ExitCode.Cancelled);
    assertThat(exit(none, "NotSent", null)).isEqualTo(ExitCode.NotAsHoped);
    assertThat(exit(dry, "Running", running)).isEqualTo(ExitCode.TimedOut);
    assertThat(exit(dry, "Resolved", done)).isEqualTo(ExitCode.Ok);
    assertThat(exit(dry, "SomeFailed", some)).isEqualTo(ExitCode.NotAsHoped);
    assertThat(redrive("{}").ended()).isFalse();
  }

  @Test
  void a_dry_run_shows_what_its_samples_become() {
    RedriveView view =
        redrive(
            """
            {samples: [
              {errorSequence: 1, stage: load, table: t.t, key: "1", before: {id: 1, q: 0}, after: {id: 1, q: 3}},
              {errorSequence: 2, stage: load, table: t.t, key: "2", before: {id: 2, q: 0}, refusal: division by zero},
              {errorSequence: 3, stage: load, table: t.t, key: "3"}]}""");

    assertThat(view.samples(Style.PLAIN, 80))
        .contains("* q     | 0        | 3")
        .doesNotContain("  id    | 1")
        .contains("it cannot be sent as asked: division by zero")
        .contains("its fields are not shown");
  }
}
