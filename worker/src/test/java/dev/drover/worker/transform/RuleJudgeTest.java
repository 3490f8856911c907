package dev.drover.worker.transform;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.drover.wire.batch.Row;
import dev.drover.wire.batch.RowReader;
import dev.drover.wire.batch.RowWriter;
import dev.drover.wire.decision.Counts;
import dev.drover.wire.plan.Step;
import dev.drover.wire.schema.Column;
import dev.drover.wire.schema.ColumnType;
import dev.drover.wire.schema.RecordSchema;
import dev.drover.worker.rules.RuleCompiler;
import dev.drover.worker.rules.Rules;
import dev.drover.worker.stage.JudgedBatch;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

class RuleJudgeTest {
  private static final RecordSchema SCHEMA =
      new RecordSchema(
          "public.t",
          List.of(
              new Column("qty", ColumnType.INTEGER, false, "integer"),
              new Column("note", ColumnType.TEXT, true, "text")));

  private static final Step REQUIRE =
      new Step(
          List.of(),
          new Step.Require("record.qty != 3", "Three", null),
          null,
          List.of(),
          List.of(),
          List.of());
  private static final Step FILTER =
      new Step(List.of(), null, "record.qty != 2", List.of(), List.of(), List.of());

  private static Step note(String to) {
    return new Step(
        List.of(), null, null, List.of(new Step.Assignment("note", to)), List.of(), List.of());
  }

  private static Rules rules(Step... steps) {
    RuleCompiler.Result result = RuleCompiler.compile(List.of(steps), SCHEMA, "spec");
    return ((RuleCompiler.Result.Compiled) result).rules();
  }

  /** Records of quantity 1, 2, …, n. */
  private static byte[] body(int records) {
    RowWriter writer = new RowWriter(SCHEMA, 100);
    for (int qty = 1; qty <= records; qty++) {
      writer.append(new Row(qty - 1, "k" + qty, new Object[] {qty, "n"}));
    }
    return writer.toByteArray();
  }

  private static Counts counts(JudgedBatch judged) {
    return Counts.of(judged.records(), judged.verdicts());
  }

  @Test
  void every_record_passes_is_filtered_or_fails() {
    JudgedBatch judged = RuleJudge.judge(rules(REQUIRE, FILTER), SCHEMA, body(5), 10_000);
    assertThat(counts(judged)).isEqualTo(new Counts(5, 3, 1, 1, 0, 0));
    assertThat(judged.passed().parts(10_000)).containsExactly(3);
    assertThat(judged.failures())
        .singleElement()
        .satisfies(
            f -> {
              assertThat(f.index()).isEqualTo(2);
              assertThat(f.key()).isEqualTo("k3");
              assertThat(RowReader.readAll(SCHEMA, f.row()))
                  .singleElement()
                  .satisfies(row -> assertThat(row.key()).isEqualTo("k3"));
            });
  }

  @Test
  void records_keep_their_position_and_key() {
    Rules rules = rules(FILTER, note("'x'"));
    JudgedBatch judged = RuleJudge.judge(rules, SCHEMA, body(3), 10_000);
    assertThat(RowReader.readAll(rules.output(), judged.passed().cut(List.of(2)).getFirst()))
        .extracting(r -> r.position() + r.key() + Arrays.toString(r.values()))
        .containsExactly("0k1[1, x]", "2k3[3, x]");
  }

  @Test
  void a_record_that_the_rules_made_too_large_fails_as_it_came() {
    Rules rules = rules(note("record.qty == 2 ? '" + "x".repeat(200) + "' : 'x'"));
    JudgedBatch judged = RuleJudge.judge(rules, SCHEMA, body(3), 100);
    assertThat(counts(judged)).isEqualTo(new Counts(3, 2, 0, 1, 0, 0));
    assertThat(judged.failures().getFirst().verdict().cause().code()).isEqualTo("RecordTooLarge");
    assertThat(RowReader.readAll(SCHEMA, judged.failures().getFirst().row()).getFirst().values())
        .containsExactly(2, "n");
  }

  @Test
  void the_same_bytes_and_rules_always_give_the_same() {
    Rules rules = rules(REQUIRE, FILTER, note("string(record.qty)"));
    JudgedBatch one = RuleJudge.judge(rules, SCHEMA, body(100), 10_000);
    JudgedBatch two = RuleJudge.judge(rules, SCHEMA, body(100), 10_000);
    assertThat(two.verdicts()).isEqualTo(one.verdicts());
    assertThat(two.passed().cut(List.of(98)).getFirst())
        .isEqualTo(one.passed().cut(List.of(98)).getFirst());
  }

  @Test
  void an_empty_batch_has_nothing_to_judge() {
    JudgedBatch judged = RuleJudge.judge(rules(REQUIRE), SCHEMA, new byte[0], 10_000);
    assertThat(counts(judged)).isEqualTo(Counts.ZERO);
    assertThat(judged.passed().parts(10_000)).isEmpty();
  }

  @Test
  void bytes_that_are_no_rows_are_refused() {
    byte[] torn = Arrays.copyOf(body(3), 7);
    assertThatThrownBy(() -> RuleJudge.judge(rules(REQUIRE), SCHEMA, torn, 10_000))
        .isInstanceOf(IllegalArgumentException.class);
  }
}
