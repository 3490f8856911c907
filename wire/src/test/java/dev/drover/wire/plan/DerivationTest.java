package dev.drover.wire.plan;

import static org.assertj.core.api.Assertions.assertThat;

import dev.drover.wire.batch.Provenance;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class DerivationTest {
  private static final Provenance NOTE_OF_EMAIL = new Provenance(Map.of("note", List.of("email")));

  private static Step.Assignment set(String field, String to) {
    return new Step.Assignment(field, to);
  }

  private static Provenance set(Provenance before, Step.Assignment... set) {
    return Derivation.set(before, List.of(set));
  }

  @Test
  void an_expression_reads_the_fields_that_it_names() {
    assertThat(Derivation.reads("record.a + string(record . b) + record.`odd name`"))
        .containsExactly("a", "b", "odd name");
    assertThat(Derivation.reads("'no record here' + \"record\"")).isEmpty();
    assertThat(Derivation.reads("records.a + my_record.b")).isEmpty();
  }

  @Test
  void an_expression_that_reads_the_record_by_another_way_may_read_any_field() {
    for (String whole :
        List.of(
            "[record].exists(r, r.a == 'x')",
            "record['a']",
            "record.?a",
            "r'\\' + record['a'] + '\\'")) {
      assertThat(Derivation.reads(whole)).as(whole).contains("*");
    }
  }

  @Test
  void a_field_is_made_of_what_it_is_computed_from_and_of_what_that_was_made_of() {
    assertThat(
            set(
                    Provenance.NONE,
                    set("note", "record.email + record.name"),
                    set("tag", "record.note"))
                .sources())
        .isEqualTo(
            Map.of("note", List.of("email", "name"), "tag", List.of("email", "name", "note")));
    assertThat(set(NOTE_OF_EMAIL, set("tag", "record.note")).of("tag"))
        .containsExactly("email", "note");
  }

  @Test
  void a_field_that_is_set_anew_is_made_of_that_alone() {
    assertThat(set(NOTE_OF_EMAIL, set("note", "'x'")).isNone()).isTrue();
    assertThat(set(NOTE_OF_EMAIL, set("note", "record.note + 'x'"))).isEqualTo(NOTE_OF_EMAIL);
  }

  @Test
  void what_a_change_made_is_followed_through_the_steps_of_a_transform() {
    Step rename =
        new Step(
            List.of(),
            null,
            null,
            List.of(),
            List.of(new Step.Rename("note", "remark")),
            List.of());
    Step compute =
        new Step(
            List.of(),
            null,
            null,
            List.of(set("tag", "record.remark"), set("sum", "record.qty + record.qty")),
            List.of(),
            List.of());
    StageSpec clean = new StageSpec.Transform("clean", "read", List.of(rename, compute));

    Provenance behind = Derivation.through(NOTE_OF_EMAIL, clean);

    assertThat(behind.of("remark")).containsExactly("email");
    assertThat(behind.of("tag")).containsExactly("email");
    assertThat(behind.of("sum")).as("rules are another matter").isEmpty();
    assertThat(Derivation.through(Provenance.NONE, clean).isNone()).isTrue();
  }

  private static List<String> told(Provenance before, String step, @Nullable String message) {
    Step first =
        new Step(
            List.of(),
            null,
            null,
            List.of(set("start", "record.email.substring(0, 3)")),
            List.of(new Step.Rename("start", "begin")),
            List.of());
    Step require =
        new Step(
            List.of(),
            new Step.Require("record.qty > 0", "No", message),
            null,
            List.of(),
            List.of(),
            List.of());
    return Derivation.told(
        before, new StageSpec.Transform("clean", "read", List.of(first, require)), step);
  }

  @Test
  void a_rules_message_tells_what_it_reads_and_what_that_was_made_of() {
    String step = "spec.stages[1].transform.steps[1].require";
    assertThat(told(Provenance.NONE, step, "'qty ' + string(record.qty)")).containsExactly("qty");
    assertThat(told(Provenance.NONE, step, "record.begin"))
        .containsExactly("begin", "email", "start");
    assertThat(told(NOTE_OF_EMAIL, step, "record.note")).containsExactly("email", "note");
    assertThat(told(Provenance.NONE, step, "string(size(record))")).containsExactly("*");
    assertThat(told(Provenance.NONE, step, "'no such'")).isEmpty();
  }

  @Test
  void what_no_rule_says_in_its_own_words_tells_nothing() {
    assertThat(told(Provenance.NONE, "steps[1]", null)).isEmpty();
    assertThat(told(Provenance.NONE, "steps[0].set[0]", "record.email")).isEmpty();
    assertThat(told(Provenance.NONE, "steps[9]", "record.email")).isEmpty();
    assertThat(told(Provenance.NONE, "load", "record.email")).isEmpty();
    assertThat(
            Derivation.told(
                Provenance.NONE, new StageSpec.Extract("read", "a", List.of("*.*"), 9), "steps[0]"))
        .isEmpty();
  }
}
