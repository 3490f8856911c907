package dev.drover.cli.record;

import static dev.drover.cli.Records.json;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.drover.api.v1alpha1.FailedRecord;
import dev.drover.cli.Records;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class EditedRecordTest {
  private static final String RECORD =
      """
      {"qty": 7, "ratio": 0.1, "ok": true, "label": "item 7", "price": "12.50", "note": null, \
      "code": "0049", "born": "2026-01-31"}""";

  private static final FailedRecord RESOURCE = Records.of(RECORD);
  private static final FailedFields FIELDS = FailedFields.of(RESOURCE);

  private static ObjectNode correction(String from, String to) throws EditRefusedException {
    return correction(RESOURCE, from, to);
  }

  private static ObjectNode correction(FailedRecord resource, String from, String to)
      throws EditRefusedException {
    FailedFields fields = FailedFields.of(resource);
    String yaml = RecordYaml.text(resource, fields);
    assertThat(yaml).contains(from);
    return fields.correction(EditedRecord.parse(yaml.replace(from, to), fields).orElseThrow());
  }

  @Test
  void what_was_not_edited_is_no_correction() throws Exception {
    assertThat(correction("qty", "qty")).isEmpty();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '~',
      value = {
        "qty: 7           | qty: 8             | {'qty': 8}",
        "qty: 7           | qty: '8'           | {'qty': 8}",
        "qty: 7           | qty: 99999999999   | {'qty': 99999999999}",
        "qty: 7           | qty: null          | {'qty': null}",
        "qty: 7           | qty:               | {'qty': null}",
        "ratio: 0.1       | ratio: 2.5         | {'ratio': 2.5}",
        "ratio: 0.1       | ratio: 0.10        | {}",
        "ok: true         | ok: false          | {'ok': false}",
        "label: \"item 7\" | label: item 8     | {'label': 'item 8'}",
        "label: \"item 7\" | label: 'null'     | {'label': 'null'}",
        "label: \"item 7\" | label: yes        | {'label': 'yes'}",
        "price: \"12.50\" | price: 12.500      | {'price': '12.500'}",
        "price: \"12.50\" | price: 12.50       | {}",
        "code: \"0049\"   | code: 0050         | {'code': '0050'}",
        "born: \"2026-01-31\" | born: 2026-02-01 | {'born': '2026-02-01'}",
        "note: null       | note: 5            | {'note': 5}",
        "note: null       | note: 0050         | {'note': '0050'}",
        "note: null       | note: 1.20         | {'note': '1.20'}",
        "note: null       | note: '5'          | {'note': '5'}",
        "note: null       | note: false        | {'note': false}",
      })
  void a_value_has_the_type_that_the_field_had(String from, String to, String correction)
      throws Exception {
    assertThat(correction(from, to)).isEqualTo(json(correction));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '~',
      value = {
        "qty: 7    | qty: seven      | line 7: qty: write a whole number, without quotes; it was 7",
        "qty: 7    | qty: 7.5        | qty: write a whole number",
        "ratio: 0.1| ratio: a lot    | ratio: write a number",
        "ok: true  | ok: maybe       | ok: write true or false",
        "qty: 7    | quantity: 7     | the record has no field quantity; it has qty, ratio, ok",
        "qty: 7    | # gone          | field qty is missing: a record keeps its fields; to empty it write qty: null",
        "note: null| note: [1, 2]    | note: a field holds one value",
        "note: null| note: {a: 1}    | note: a field holds one value",
        "note: null| ok: true        | ok is there twice",
        "note: null| note: \"open    | this is no YAML",
      })
  void what_cannot_be_right_is_refused(String from, String to, String message) {
    assertThatThrownBy(() -> correction(from, to))
        .isInstanceOf(EditRefusedException.class)
        .hasMessageContaining(message);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "\n\n", "# a comment\n"})
  void nothing_asks_for_nothing(String text) throws Exception {
    assertThat(EditedRecord.parse(text, FIELDS)).isEqualTo(Optional.empty());
  }

  @ParameterizedTest
  @ValueSource(strings = {"- a\n- b\n", "just a text\n"})
  void what_is_no_record_is_refused(String text) {
    assertThatThrownBy(() -> EditedRecord.parse(text, FIELDS))
        .hasMessage("line 1: write the record's fields, one a line, as name: value");
  }

  @Test
  void a_masked_value_may_stay_or_be_replaced_but_not_be_part_of_a_new_one() throws Exception {
    FailedRecord masked =
        Records.of(
            "{\"id\": 1, \"email\": \"***\"}", "replays: 0", "replays: 0\n  maskedFields: [email]");

    assertThat(correction(masked, "id: 1", "id: 2")).isEqualTo(json("{'id': 2}"));
    assertThat(correction(masked, "\"***\"", "a@b.example"))
        .isEqualTo(json("{'email': 'a@b.example'}"));
    assertThatThrownBy(() -> correction(masked, "\"***\"", "\"x***\""))
        .hasMessageContaining("email: its value is not shown");
  }

  @Test
  void a_value_that_is_cut_may_stay_or_be_replaced_but_not_be_edited() throws Exception {
    FailedRecord cut =
        Records.of(
            "{\"id\": 1, \"note\": \"abc…\"}", "replays: 0", "replays: 0\n  cutFields: [note]");

    assertThat(correction(cut, "id: 1", "id: 2")).isEqualTo(json("{'id': 2}"));
    assertThat(correction(cut, "\"abc…\"", "short")).isEqualTo(json("{'note': 'short'}"));
    assertThatThrownBy(() -> correction(cut, "\"abc…\"", "\"xbc…\""))
        .hasMessageContaining("note: only its beginning is shown");
  }

  @Test
  void a_record_that_is_not_shown_takes_any_field() throws Exception {
    FailedRecord hidden = Records.of("{\"a\": 1}", "  record: {\"a\": 1}\n", "");
    FailedFields fields = FailedFields.of(hidden);

    assertThat(RecordYaml.text(hidden, fields)).contains("# The Migration shows keys only");
    assertThat(fields.correction(EditedRecord.parse("qty: 3\n", fields).orElseThrow()))
        .isEqualTo(json("{'qty': 3}"));
  }

  @Test
  void an_edit_goes_on_from_the_correction_before() throws Exception {
    FailedRecord corrected =
        Records.of(
            "{\"qty\": 7, \"ok\": true}", "action: None", "action: Replay, correction: {qty: x}");

    assertThat(RecordYaml.text(corrected, FailedFields.of(corrected))).contains("qty: \"x\"");
    assertThat(correction(corrected, "\"x\"", "9")).isEqualTo(json("{'qty': 9}"));
    assertThat(correction(corrected, "\"x\"", "7")).isEmpty();
  }

  @Test
  void a_json_patch_is_a_correction_too() {
    FailedRecord patched =
        Records.of(
            "{\"qty\": 7}",
            "action: None",
            "action: Replay, jsonPatch: [{op: replace, path: /qty, value: 9}]");

    assertThat(FailedFields.of(patched).corrected()).isEqualTo(json("{'qty': 9}"));
  }

  @Test
  void a_json_patch_that_is_malformed_changes_nothing() {
    FailedRecord patched =
        Records.of(
            "{\"qty\": 7}",
            "action: None",
            "action: Replay, jsonPatch: [{op: replace, path: qty, value: 9}]");

    assertThat(FailedFields.of(patched).corrected()).isEqualTo(json("{'qty': 7}"));
  }

  @Test
  void a_json_patch_that_fills_the_memory_changes_nothing() {
    FailedRecord patched =
        Records.of(
            "{\"qty\": 7}",
            "action: None",
            "action: Replay, jsonPatch: [{op: replace, path: /qty, value: [1]}%s]"
                .formatted(", {op: copy, from: /qty, path: /qty/-}".repeat(40)));

    assertThat(FailedFields.of(patched).corrected()).isEqualTo(json("{'qty': 7}"));
  }

  @Test
  void texts_of_every_kind_come_back_as_they_were() throws Exception {
    for (String text :
        List.of(
            "",
            " ",
            "null",
            "a: b # c",
            "it's \"quoted\" \\ here",
            "one\ntwo\n",
            "one\ntwo",
            "one\n\ntwo\n\n\n",
            "  indented\nlines",
            "trailing \nspace",
            "\ttab",
            "\r\n",
            "\u0000\u001b[31m\u007f\u0085\u2028\ufeff",
            "\ud83d\ude00 émoji",
            "---\n...\n",
            "- a\n- b",
            "%TAG",
            "| not a block",
            "one\n# no comment\n  two\n")) {
      FailedRecord resource = Records.of("{\"a\": 1}");
      ((ObjectNode) resource.getStatus().record()).put("text", text).put("odd key: ", text);
      FailedFields fields = FailedFields.of(resource);

      ObjectNode parsed =
          EditedRecord.parse(RecordYaml.text(resource, fields), fields).orElseThrow();

      assertThat(parsed).as(text).isEqualTo(fields.original());
    }
  }

  @Test
  void what_happened_cannot_break_out_of_the_comments() throws Exception {
    FailedRecord resource =
        Records.of("{\"a\": 1}", "message: the row", "message: \"x\\na: 2\\r\\u2028a: 3\\n\" # ");

    assertThat(correction(resource, "a: 1", "a: 1")).isEmpty();
  }

  @Test
  void a_problem_stands_at_the_head_once() {
    String given = RecordYaml.text(RESOURCE, FIELDS);
    String once = RecordYaml.withProblem(given, "line 7: no");
    String twice = RecordYaml.withProblem(once, "line 8: still no");

    assertThat(twice.lines().findFirst()).contains("# NOT SENT: line 8: still no");
    assertThat(twice.lines().skip(1))
        .as("lines keep their numbers")
        .containsExactlyElementsOf(given.lines().skip(1).toList());
    assertThat(RecordYaml.withProblem("qty: x\n", "no")).isEqualTo("# NOT SENT: no\nqty: x\n");
  }

  @Test
  void fields_can_be_set_without_an_editor() throws Exception {
    ObjectNode set = EditedRecord.assigned(List.of("qty=8", "label=a=b", "note=\"null\""), FIELDS);

    assertThat(FIELDS.correction(set))
        .isEqualTo(json("{'qty': 8, 'label': 'a=b', 'note': 'null'}"));
    assertThatThrownBy(() -> EditedRecord.assigned(List.of("qty"), FIELDS))
        .hasMessageContaining("write field=value");
    assertThatThrownBy(() -> EditedRecord.assigned(List.of("quantity=1"), FIELDS))
        .hasMessageContaining("the record has no field quantity");
  }
}
