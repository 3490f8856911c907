package dev.drover.worker.enrich;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.drover.wire.batch.Row;
import dev.drover.wire.batch.RowReader;
import dev.drover.wire.decision.Counts;
import dev.drover.wire.decision.Verdict;
import dev.drover.wire.plan.StageSpec.OnMissing;
import dev.drover.worker.lookup.Answer;
import dev.drover.worker.stage.JudgedBatch;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;

class EnrichedBatchTest {
  private static final Answer GOLD = new Answer.Found(new Object[] {"gold"});
  private static final Answer NONE = new Answer.Missing();

  private static BatchKeys keys(byte[] body) {
    return BatchKeys.of(Given.ORDERS, body, new int[] {1});
  }

  private static JudgedBatch judged(OnMissing onMissing, byte[] body, Answer... answers) {
    return judged(onMissing, 10_000, body, answers);
  }

  private static JudgedBatch judged(OnMissing onMissing, int most, byte[] body, Answer... answers) {
    Enrichment enrichment = Given.enrichment(onMissing);
    return EnrichedBatch.of(
        enrichment,
        Objects.requireNonNull(enrichment.question()),
        body,
        keys(body),
        List.of(answers),
        most);
  }

  private static Counts counts(JudgedBatch judged) {
    return Counts.of(judged.records(), judged.verdicts());
  }

  private static List<Row> rows(JudgedBatch judged) {
    byte[] body = judged.passed().cut(judged.passed().parts(100_000)).getFirst();
    return RowReader.readAll(judged.output(), body);
  }

  @Test
  void a_key_of_several_records_is_one_key() {
    BatchKeys keys = keys(Given.orders(7, 8, 7, null, 8, null));
    assertThat(keys.ofRow()).containsExactly(0, 1, 0, 2, 1, 2);
    assertThat(keys.values()).containsExactly(new Object[] {7}, new Object[] {8}, new Object[1]);
  }

  @Test
  void what_was_found_is_added_and_the_rest_stays_as_it_came() {
    JudgedBatch judged = judged(OnMissing.Fail, Given.orders(7, 7), GOLD);
    assertThat(counts(judged)).isEqualTo(new Counts(2, 2, 0, 0, 0, 0));
    assertThat(judged.output().columnNames()).containsExactly("id", "customer", "tier");
    assertThat(rows(judged).get(1).values()).containsExactly(2, 7, "gold");
    assertThat(rows(judged).get(1).key()).isEqualTo("o2");
    assertThat(rows(judged).get(1).position()).isEqualTo(1);
  }

  @Test
  void a_record_without_a_row_fails_naming_its_field_and_not_its_value() {
    JudgedBatch judged = judged(OnMissing.Fail, Given.orders(7, 4711), GOLD, NONE);
    assertThat(counts(judged)).isEqualTo(new Counts(2, 1, 0, 1, 0, 0));
    Verdict.Failed failed = judged.failures().getFirst().verdict();
    assertThat(failed.cause().code()).isEqualTo("LookupMissing");
    assertThat(failed.cause().subject()).isEqualTo("customer");
    assertThat(failed.message()).contains("customer", "crm").doesNotContain("4711");
    assertThat(judged.failures().getFirst().key()).isEqualTo("o2");
  }

  @Test
  void a_record_without_a_row_is_kept_with_nulls_or_dropped_as_asked() {
    JudgedBatch kept = judged(OnMissing.Keep, Given.orders(7), NONE);
    assertThat(counts(kept)).isEqualTo(new Counts(1, 1, 0, 0, 0, 0));
    assertThat(rows(kept).getFirst().values()).containsExactly(1, 7, null);
    assertThat(counts(judged(OnMissing.Drop, Given.orders(7), NONE)))
        .isEqualTo(new Counts(1, 0, 1, 0, 0, 0));
  }

  @Test
  void a_record_with_more_than_one_row_or_a_key_that_is_refused_fails_whatever_is_asked() {
    JudgedBatch judged =
        judged(
            OnMissing.Keep,
            Given.orders(7, 8),
            new Answer.Ambiguous(),
            new Answer.Refused("SQLSTATE 22P02"));
    assertThat(judged.failures())
        .extracting(f -> f.verdict().cause().code())
        .containsExactly("LookupAmbiguous", "LookupRefused");
  }

  @Test
  void a_record_that_no_message_can_hold_fails() {
    JudgedBatch judged =
        judged(
            OnMissing.Fail,
            100,
            Given.orders(7, 8),
            new Answer.Found(new Object[] {"x".repeat(200)}),
            GOLD);
    assertThat(counts(judged)).isEqualTo(new Counts(2, 1, 0, 1, 0, 0));
    assertThat(judged.failures().getFirst().verdict().cause().code()).isEqualTo("RecordTooLarge");
  }

  @Test
  void answers_survive_their_encoding() {
    Enrichment enrichment = Given.enrichment(OnMissing.Fail);
    var schema = enrichment.answers(Objects.requireNonNull(enrichment.question()));
    List<Answer> answers =
        AnswerCodec.decode(
            schema,
            AnswerCodec.encode(
                schema,
                List.of(
                    GOLD,
                    NONE,
                    new Answer.Ambiguous(),
                    new Answer.Refused("why"),
                    new Answer.Found(new Object[1]))));
    assertThat(answers.subList(1, 4))
        .containsExactly(NONE, new Answer.Ambiguous(), new Answer.Refused("why"));
    assertThat(((Answer.Found) answers.getFirst()).values()).containsExactly("gold");
    assertThat(((Answer.Found) answers.getLast()).values()).containsExactly((Object) null);
  }

  @Test
  void too_few_answers_are_an_error_and_no_missing_rows() {
    assertThatThrownBy(() -> judged(OnMissing.Drop, Given.orders(7, 8), GOLD))
        .isInstanceOf(IllegalArgumentException.class);
  }
}
