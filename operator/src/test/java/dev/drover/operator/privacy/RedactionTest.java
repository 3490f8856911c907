package dev.drover.operator.privacy;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.drover.api.v1alpha1.Migration;
import dev.drover.api.v1alpha1.Step;
import dev.drover.operator.Failed;
import dev.drover.operator.cluster.Manifests;
import dev.drover.operator.privacy.Redaction.Shown;
import dev.drover.wire.batch.Provenance;
import dev.drover.wire.failure.FailedMessage;
import io.fabric8.kubernetes.client.utils.Serialization;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class RedactionTest {
  private static final String EMAIL = "ann@example.org";

  private static Redaction redaction(String failedRecords) {
    return redaction(failedRecords, "'a fixed text'");
  }

  private static Redaction redaction(String failedRecords, String message) {
    String manifest =
        Manifests.migration("orders")
            .replace("code: QtyNotPositive}", "code: QtyNotPositive, message: \"" + message + "\"}")
            .replace("  stages:", "  failedRecords: " + failedRecords + "\n  stages:");
    return Redaction.of(Serialization.unmarshal(manifest, Migration.class).getSpec());
  }

  private static Shown show(Redaction redaction, String message) {
    return redaction.show(Failed.message("load", message, "17", EMAIL), Failed.SCHEMA, 1000);
  }

  @Test
  void all_is_shown_where_nothing_is_hidden() {
    Shown shown = show(redaction("{}"), "no such address: " + EMAIL);
    assertThat(shown.record().toString())
        .isEqualTo("{\"id\":\"17\",\"email\":\"ann@example.org\",\"qty\":5}");
    assertThat(shown.message()).contains(EMAIL);
    assertThat(shown.masked()).isEmpty();
  }

  @Test
  void a_field_is_masked_in_the_record_and_in_the_message() {
    Shown shown = show(redaction("{redact: [/email]}"), "no such address: ANN@example.org");
    assertThat(shown.record().toString()).isEqualTo("{\"id\":\"17\",\"email\":\"***\",\"qty\":5}");
    assertThat(shown.message()).isEqualTo("no such address: ***");
    assertThat(shown.masked()).containsExactly("email");
    assertThat(shown.key()).isEqualTo("17");
  }

  @Test
  void a_field_that_a_change_made_of_a_masked_one_is_masked() {
    FailedMessage copied =
        Failed.made(
            Failed.message("load", "5 is refused", "17", EMAIL), Map.of("qty", List.of("email")));
    Shown shown = redaction("{redact: [/email]}").show(copied, Failed.SCHEMA, 1000);
    assertThat(shown.record().toString())
        .isEqualTo("{\"id\":\"17\",\"email\":\"***\",\"qty\":\"***\"}");
    assertThat(shown.message()).isEqualTo("*** is refused");
    assertThat(shown.masked()).containsExactly("email", "qty");

    Shown others = redaction("{redact: [/id]}").show(copied, Failed.SCHEMA, 1000);
    assertThat(others.masked()).containsExactly("id");
    FailedMessage any = Failed.made(copied, Map.of("*", List.of("*")));
    assertThat(redaction("{redact: [/email]}").show(any, Failed.SCHEMA, 1000).masked())
        .containsExactly("id", "email", "qty");
    assertThat(redaction("{}").show(any, Failed.SCHEMA, 1000).masked()).isEmpty();
  }

  @Test
  void what_is_made_of_a_masked_field_fits_while_both_are_masked() {
    Provenance made = new Provenance(Map.of("qty", List.of("email")));
    FailedMessage copied = Failed.made(Failed.message("load", "no", "17", EMAIL), made.sources());
    Redaction masks = redaction("{redact: [/email]}");
    Shown whole = redaction("{}").show(copied, Failed.SCHEMA, 1000);
    Shown masked = masks.show(copied, Failed.SCHEMA, 1000);
    assertThat(masks.fits(masked.record(), masked.masked(), masked.key(), made)).isTrue();
    assertThat(masks.fits(whole.record(), whole.masked(), whole.key(), made)).isFalse();
    assertThat(masks.fits(masked.record(), masked.masked(), masked.key(), Provenance.NONE))
        .as("nothing is masked for no reason")
        .isFalse();
    assertThat(redaction("{}").fits(masked.record(), masked.masked(), masked.key(), made))
        .isFalse();
  }

  @Test
  void a_message_that_a_rule_makes_of_what_a_change_made_of_a_masked_field_is_not_shown() {
    Redaction redaction = redaction("{redact: [/email]}", "'qty is ' + string(record.qty)");
    FailedMessage copied =
        Failed.made(Failed.message("qty is 55", "17", EMAIL), Map.of("qty", List.of("email")));
    assertThat(redaction.show(copied, Failed.SCHEMA, 1000).message())
        .isEqualTo(Redaction.HIDDEN_MESSAGE);
  }

  @Test
  void a_change_shows_what_an_earlier_one_made_of_a_masked_field_neither_before_nor_after() {
    Redaction.Sample shown =
        redaction("{redact: [/email]}")
            .show(
                sample(
                    "17", "{\"tag\":\"a\",\"note\":\"b\"}", "{\"tag\":\"c\",\"note\":\"b\"}", null),
                List.of(set("tag", "record.note + 'x'")),
                new Provenance(Map.of("note", List.of("email"))));
    assertThat(String.valueOf(shown.before())).isEqualTo("{\"tag\":\"a\",\"note\":\"***\"}");
    assertThat(String.valueOf(shown.after())).isEqualTo("{\"tag\":\"***\",\"note\":\"***\"}");
  }

  @Test
  void a_short_value_is_hidden_only_where_it_is_a_word() {
    Shown shown = show(redaction("{redact: [/qty]}"), "5 is not among the 55 of step5");
    assertThat(shown.message()).isEqualTo("*** is not among the 55 of step5");
  }

  @Test
  void a_message_that_a_rule_makes_of_a_masked_field_is_not_shown() {
    Redaction redaction = redaction("{redact: [/email]}", "'bad: ' + record.email.substring(0, 3)");
    FailedMessage failure = Failed.message("bad: ann", "17", EMAIL);
    assertThat(redaction.show(failure, Failed.SCHEMA, 1000).message())
        .isEqualTo(Redaction.HIDDEN_MESSAGE);
  }

  /** The rule that made it may be another now, or gone. */
  @Test
  void a_message_is_hidden_by_what_it_was_made_of_whatever_the_rules_are_now() {
    FailedMessage failure =
        Failed.told(Failed.message("steps[7]", "bad: ann", "17", EMAIL), List.of("email", "x"));
    for (String hides :
        List.of("{redact: [/email]}", "{payload: Redacted}", "{payload: KeysOnly}")) {
      assertThat(redaction(hides).show(failure, Failed.SCHEMA, 1000).message())
          .as(hides)
          .isEqualTo(Redaction.HIDDEN_MESSAGE);
    }
    assertThat(redaction("{redact: [/qty]}").show(failure, Failed.SCHEMA, 1000).message())
        .isEqualTo("bad: ann");
    assertThat(redaction("{}").show(failure, Failed.SCHEMA, 1000).message()).isEqualTo("bad: ann");

    FailedMessage any = Failed.told(failure, List.of("*"));
    assertThat(redaction("{redact: [/qty]}").show(any, Failed.SCHEMA, 1000).message())
        .isEqualTo(Redaction.HIDDEN_MESSAGE);
    FailedMessage none = Failed.told(Failed.message("fixed", "17", EMAIL), List.of());
    assertThat(
            redaction("{redact: [/email]}", "'bad: ' + record.email")
                .show(none, Failed.SCHEMA, 1000)
                .message())
        .as("the rule says it of the record only since")
        .isEqualTo("fixed");
  }

  @Test
  void a_message_that_a_rule_makes_of_what_a_step_before_made_of_a_masked_field_is_not_shown() {
    String manifest =
        Manifests.migration("orders")
            .replace(
                "          - require: {that: \"record.qty > 0\", code: QtyNotPositive}",
                String.join(
                    "\n          - ",
                    "          - set: [{field: start, to: \"record.email.substring(0, 3)\"}]",
                    "rename: [{from: start, to: begin}]",
                    "require: {that: 'record.qty > 0', code: No, message: \"'bad ' + record.begin\"}",
                    "require: {that: 'record.qty > 0', code: No, message: \"'bad ' + string(record.qty)\"}"))
            .replace("  stages:", "  failedRecords: {redact: [/email]}\n  stages:");
    Redaction redaction =
        Redaction.of(Serialization.unmarshal(manifest, Migration.class).getSpec());

    assertThat(shown(redaction, "steps[2]", "bad: ann")).isEqualTo(Redaction.HIDDEN_MESSAGE);
    assertThat(shown(redaction, "steps[3]", "bad: 5")).isEqualTo("bad: 5");
  }

  private static String shown(Redaction redaction, String step, String message) {
    return redaction
        .show(Failed.message(step, message, "17", EMAIL), Failed.SCHEMA, 1000)
        .message();
  }

  @Test
  void a_message_of_a_stage_that_was_copied_for_a_graft_is_hidden_alike() {
    String manifest =
        Manifests.migration("orders")
            .replace(
                "code: QtyNotPositive}",
                "code: QtyNotPositive, message: \"'bad: ' + record.email\"}")
            .replace("  stages:", "  failedRecords: {redact: [/email]}\n  stages:")
            .concat("    - {name: b, from: clean, backfill: true, load: {connectionName: shop}}\n");
    Redaction redaction =
        Redaction.of(Serialization.unmarshal(manifest, Migration.class).getSpec());
    FailedMessage failure = Failed.message("bad: ann", "17", EMAIL);
    FailedMessage.Detail d = failure.detail();
    FailedMessage copied =
        new FailedMessage(
            new FailedMessage.Detail(
                "b_clean",
                d.batch(),
                d.index(),
                d.table(),
                d.key(),
                d.schema(),
                d.failureClass(),
                d.cause(),
                d.message(),
                d.revision(),
                d.firstSeen(),
                d.lastSeen(),
                d.replays(),
                null),
            failure.row());
    assertThat(redaction.show(copied, Failed.SCHEMA, 1000).message())
        .isEqualTo(Redaction.HIDDEN_MESSAGE);
  }

  @Test
  void a_message_that_only_speaks_of_a_record_is_shown() {
    Redaction redaction = redaction("{redact: [/email]}", "'no such record'");
    FailedMessage failure = Failed.message("no such record", "17", EMAIL);
    assertThat(redaction.show(failure, Failed.SCHEMA, 1000).message()).isEqualTo("no such record");
  }

  @Test
  void a_message_that_a_rule_makes_of_another_field_is_shown() {
    Redaction redaction = redaction("{redact: [/email]}", "'qty is ' + string(record.qty)");
    FailedMessage failure = Failed.message("qty is 5", "17", EMAIL);
    assertThat(redaction.show(failure, Failed.SCHEMA, 1000).message()).isEqualTo("qty is 5");
  }

  @Test
  void a_key_that_is_masked_is_shown_nowhere() {
    Redaction redaction = redaction("{redact: [/email]}");
    FailedMessage one = Failed.message("load", "refused", EMAIL, EMAIL);
    assertThat(redaction.show(one, Failed.SCHEMA, 1000).key()).isEqualTo("***");
    FailedMessage several = Failed.message("load", "refused", "[\"1\",\"" + EMAIL + "\"]", EMAIL);
    assertThat(redaction.show(several, Failed.SCHEMA, 1000).key()).isEqualTo("***");
  }

  /** The record with id 17, by whatever key it came. */
  private static FailedMessage keyed(String key) {
    return new FailedMessage(
        Failed.detail("load", "refused", key),
        Failed.message("load", "refused", "17", EMAIL).row());
  }

  @Test
  void a_key_stays_masked_when_its_field_has_another_value_or_is_gone() {
    Redaction redaction = redaction("{redact: [/email]}");
    for (String key : List.of("Ann@example.org", "[\"17\",\"Ann@example.org\"]")) {
      FailedMessage changed = keyed(key);
      Shown shown = redaction.show(changed, Failed.SCHEMA, 1000);
      assertThat(shown.key()).isEqualTo("***");
      assertThat(fits("{redact: [/email]}", shown)).isTrue();
      Shown told = new Shown(key, "", shown.record(), List.of(), shown.masked());
      assertThat(fits("{redact: [/email]}", told)).as("told by another version").isFalse();
    }
    Redaction.Sample lower =
        sample("Ann@x", "{\"email\":\"Ann@x\"}", "{\"email\":\"ann@x\"}", null);
    assertThat(redaction.show(lower).key()).isEqualTo("***");
    assertThat(redaction("{}").show(lower).key()).isEqualTo("Ann@x");
  }

  @Test
  void a_key_is_shown_where_all_of_it_is_shown_elsewhere() {
    Redaction redaction = redaction("{redact: [/email]}");
    for (String key : List.of("17", "[\"17\",\"5\"]", "(0,12)")) {
      assertThat(redaction.show(keyed(key), Failed.SCHEMA, 1000).key()).isEqualTo(key);
    }
    Redaction.Sample at =
        sample(
            "[\"2024-04-10 00:00:00+00\",\"2024-04-10 01:02:00\",\"2024-04-10 01:02:03.5\"]",
            "{\"a\":\"2024-04-10T00:00:00Z\",\"b\":\"2024-04-10T01:02\",\"c\":\"2024-04-10T01:02:03.500\",\"email\":\"x\"}",
            null,
            null);
    assertThat(redaction.show(at).key()).isEqualTo(at.key());
  }

  @Test
  void a_record_that_was_not_kept_hides_its_key_where_its_table_has_a_masked_field() {
    FailedMessage large = new FailedMessage(Failed.detail("load", "too large", "17"), new byte[0]);
    assertThat(redaction("{redact: [/email]}").show(large, Failed.SCHEMA, 9).key())
        .isEqualTo("***");
    assertThat(redaction("{redact: [/iban]}").show(large, Failed.SCHEMA, 9).key()).isEqualTo("17");
  }

  @Test
  void redacted_shows_the_key_and_the_names_of_fields() {
    Shown shown = show(redaction("{payload: Redacted}"), "5 is wrong for " + EMAIL);
    assertThat(shown.record().toString())
        .isEqualTo("{\"id\":\"17\",\"email\":\"***\",\"qty\":\"***\"}");
    assertThat(shown.message()).isEqualTo("*** is wrong for ***");
  }

  @Test
  void keys_only_shows_the_key_alone() {
    Shown shown = show(redaction("{payload: KeysOnly}"), "wrong: " + EMAIL);
    assertThat(shown.record()).isNull();
    assertThat(shown.key()).isEqualTo("17");
    assertThat(shown.message()).isEqualTo("wrong: ***");
  }

  @Test
  void what_was_shown_before_an_edit_no_longer_fits() {
    Shown whole = show(redaction("{}"), "");
    Shown masked = show(redaction("{redact: [/email]}"), "");
    Shown bare = show(redaction("{payload: Redacted}"), "");
    assertThat(fits("{}", whole)).isTrue();
    assertThat(fits("{redact: [/email]}", whole)).isFalse();
    assertThat(fits("{redact: [/email]}", masked)).isTrue();
    assertThat(fits("{}", masked)).isFalse();
    assertThat(fits("{payload: Redacted}", bare)).isTrue();
    assertThat(fits("{payload: Redacted}", masked)).isFalse();
    assertThat(fits("{payload: KeysOnly}", bare)).isFalse();
    Shown key = show(redaction("{payload: KeysOnly}"), "");
    assertThat(fits("{payload: KeysOnly}", key)).isTrue();
    assertThat(fits("{payload: Redacted}", key)).isFalse();
    assertThat(fits("{}", key)).isFalse();
  }

  @Test
  void a_record_that_was_not_kept_fits_whatever_may_be_shown() {
    Shown none = new Shown("17", "", null, List.of(), List.of());
    assertThat(fits("{}", none)).isTrue();
    assertThat(fits("{payload: KeysOnly}", none)).isTrue();
  }

  @Test
  void the_key_of_a_record_that_was_not_kept_is_hidden_where_its_tables_field_is_masked_later() {
    FailedMessage large = new FailedMessage(Failed.detail("load", "too large", "17"), new byte[0]);
    Shown before = redaction("{}").show(large, Failed.SCHEMA, 9);
    Shown after = redaction("{redact: [/email]}").show(large, Failed.SCHEMA, 9);

    assertThat(after.key()).isEqualTo("***");
    assertThat(fits("{redact: [/email]}", before)).isFalse();
    assertThat(fits("{redact: [/email]}", after)).isTrue();
    assertThat(fits("{}", after)).isFalse();
  }

  @Test
  void a_key_that_is_masked_later_is_hidden_also_where_keys_are_all_that_is_shown() {
    Shown before = show(redaction("{payload: KeysOnly}"), "");
    Shown after = show(redaction("{payload: KeysOnly, redact: [/id]}"), "");

    assertThat(before.key()).isEqualTo("17");
    assertThat(after.key()).isEqualTo("***");
    assertThat(fits("{payload: KeysOnly, redact: [/id]}", before)).isFalse();
    assertThat(fits("{payload: KeysOnly, redact: [/id]}", after)).isTrue();
  }

  private static boolean fits(String failedRecords, Shown shown) {
    return redaction(failedRecords)
        .fits(shown.record(), shown.masked(), shown.key(), Provenance.NONE);
  }

  @Test
  void a_correction_is_masked_field_by_field_and_long_values_are_cut() {
    JsonNode correction =
        Serialization.unmarshal(
            "{\"email\":\"ann@example.org\",\"qty\":3,\"gone\":null}", JsonNode.class);
    assertThat(redaction("{redact: [/email]}").show(correction, Map.of()).toString())
        .isEqualTo("{\"email\":\"***\",\"qty\":3,\"gone\":null}");
    assertThat(redaction("{payload: Redacted}").show(correction, Map.of()).toString())
        .isEqualTo("{\"email\":\"***\",\"qty\":\"***\",\"gone\":null}");
    assertThat(redaction("{}").show(json("[1]"), Map.of()).toString()).isEqualTo("\"***\"");

    ObjectNode many = JsonNodeFactory.instance.objectNode();
    for (int i = 0; i < 20; i++) {
      many.put("f" + i, "x".repeat(3000));
    }
    JsonNode shown = redaction("{}").show(many, Map.of());
    assertThat(shown.get("f0").asText()).hasSize(501).endsWith("x…");
    assertThat(shown.get("f19").asText()).isEqualTo("…");
    assertThat(redaction("{}").show(shown, Map.of())).isEqualTo(shown);
  }

  @Test
  void a_corrected_value_that_is_copied_from_a_masked_field_is_masked() {
    JsonNode correction = Serialization.unmarshal("{\"note\":\"ann\",\"qty\":3}", JsonNode.class);
    Redaction redaction = redaction("{redact: [/email]}");
    for (List<String> from : List.of(List.of("email"), List.of("id", "email"), List.of("*"))) {
      assertThat(redaction.show(correction, Map.of("note", from)).toString())
          .isEqualTo("{\"note\":\"***\",\"qty\":3}");
    }
    assertThat(redaction.show(correction, Map.of("*", List.of("*"))).toString())
        .isEqualTo("{\"note\":\"***\",\"qty\":\"***\"}");
    assertThat(redaction.show(correction, Map.of("note", List.of("id")))).isEqualTo(correction);
    assertThat(redaction("{}").show(correction, Map.of("*", List.of("*")))).isEqualTo(correction);
  }

  @Test
  void a_pointer_into_a_field_masks_the_field_and_escapes_are_read() {
    assertThat(show(redaction("{redact: [/email/domain]}"), "").masked())
        .isEqualTo(List.of("email"));
    assertThat(show(redaction("{redact: [/e~1mail]}"), "").masked()).isEmpty();
  }

  private static Redaction.Sample sample(
      String key, @Nullable String before, @Nullable String after, @Nullable String refusal) {
    return new Redaction.Sample(key, json(before), json(after), refusal);
  }

  private static @Nullable JsonNode json(@Nullable String text) {
    return text == null ? null : Serialization.unmarshal(text, JsonNode.class);
  }

  private static final Redaction.Sample CHANGED =
      sample(
          "17",
          "{\"id\":17,\"email\":\"ann@example.org\",\"note\":\"\",\"qty\":5}",
          "{\"id\":17,\"email\":\"bob@example.org\",\"note\":\"was ann@example.org\",\"qty\":6}",
          "spec.set: no number: ann@example.org");

  @Test
  void a_change_shows_a_masked_field_neither_before_nor_after_nor_in_another_field() {
    Redaction.Sample shown = redaction("{redact: [/email]}").show(CHANGED);
    assertThat(String.valueOf(shown.before()))
        .isEqualTo("{\"id\":17,\"email\":\"***\",\"note\":\"\",\"qty\":5}");
    assertThat(String.valueOf(shown.after()))
        .isEqualTo("{\"id\":17,\"email\":\"***\",\"note\":\"***\",\"qty\":6}");
    assertThat(shown.refusal()).isEqualTo("spec.set: no number: ***");
    assertThat(shown.key()).isEqualTo("17");
  }

  private static Step.Assignment set(String field, String to) {
    return new Step.Assignment(field, to);
  }

  @Test
  void a_field_that_a_change_computes_from_a_masked_one_is_masked() {
    Redaction.Sample derived =
        sample(
            "17",
            "{\"id\":17,\"email\":\"ann@example.org\",\"note\":\"\",\"tag\":\"\",\"qty\":5}",
            "{\"id\":17,\"email\":\"ann@example.org\",\"note\":\"ann at example\",\"tag\":\"ANN\",\"qty\":6}",
            null);

    Redaction.Sample shown =
        redaction("{redact: [/email]}")
            .show(
                derived,
                List.of(
                    set("note", "record.email.replace('@', ' at ')"),
                    set("tag", "record.note.substring(0, 3).upperAscii()"),
                    set("qty", "record.qty + 1")),
                Provenance.NONE);

    assertThat(String.valueOf(shown.after()))
        .isEqualTo("{\"id\":17,\"email\":\"***\",\"note\":\"***\",\"tag\":\"***\",\"qty\":6}");
    assertThat(String.valueOf(shown.before())).contains("\"qty\":5").contains("\"note\":\"\"");
  }

  @Test
  void a_field_that_is_set_anew_no_longer_holds_what_was_computed() {
    Redaction.Sample shown =
        redaction("{redact: [/email]}")
            .show(
                sample(
                    "17",
                    "{\"email\":\"a\",\"note\":\"b\"}",
                    "{\"email\":\"a\",\"note\":\"c\"}",
                    null),
                List.of(set("note", "record.email + 'x'"), set("note", "'c'")),
                Provenance.NONE);

    assertThat(String.valueOf(shown.after())).isEqualTo("{\"email\":\"***\",\"note\":\"c\"}");
  }

  @Test
  void a_field_that_is_computed_from_the_record_as_a_whole_is_masked() {
    Redaction.Sample shown =
        redaction("{redact: [/email]}")
            .show(
                sample(
                    "17",
                    "{\"email\":\"a\",\"note\":\"b\"}",
                    "{\"email\":\"a\",\"note\":\"x\"}",
                    null),
                List.of(set("note", "record == record ? 'x' : 'y'")),
                Provenance.NONE);

    assertThat(String.valueOf(shown.after())).isEqualTo("{\"email\":\"***\",\"note\":\"***\"}");
  }

  @Test
  void a_change_of_a_masked_key_hides_the_key() {
    assertThat(redaction("{redact: [/id]}").show(CHANGED).key()).isEqualTo("***");
  }

  @Test
  void a_change_shows_as_much_of_a_record_as_the_payload_says() {
    assertThat(String.valueOf(redaction("{payload: Redacted}").show(CHANGED).after()))
        .isEqualTo("{\"id\":17,\"email\":\"***\",\"note\":\"***\",\"qty\":\"***\"}");
    Redaction.Sample bare = redaction("{payload: KeysOnly}").show(CHANGED);
    assertThat(bare.before()).isNull();
    assertThat(bare.after()).isNull();
    assertThat(bare.key()).isEqualTo("17");
    assertThat(redaction("{}").show(CHANGED)).isEqualTo(CHANGED);
  }

  @Test
  void a_change_of_a_record_that_was_not_kept_hides_its_key() {
    Redaction.Sample large = sample("17", null, null, "it was too large to keep");
    assertThat(redaction("{redact: [/email]}").show(large).key()).isEqualTo("***");
  }
}
