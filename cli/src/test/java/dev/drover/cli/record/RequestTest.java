package dev.drover.cli.record;

import static dev.drover.cli.Records.json;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.drover.api.v1alpha1.FailedRecord;
import dev.drover.api.v1alpha1.FailedRecordSpec.Action;
import dev.drover.cli.Records;
import io.fabric8.zjsonpatch.JsonPatch;
import org.junit.jupiter.api.Test;

class RequestTest {
  private static final ObjectMapper JSON = new ObjectMapper();

  private static JsonNode asked(FailedRecord resource, Request request) {
    return JsonPatch.apply(request.patch(resource), JSON.valueToTree(resource)).get("spec");
  }

  @Test
  void a_correction_keeps_its_nulls() {
    FailedRecord resource = Records.of("{\"qty\": 7}");

    assertThat(asked(resource, new Request(Action.Replay, json("{'qty': null}"), "a slip")))
        .isEqualTo(
            json(
                "{'action': 'Replay', 'startAt': 'Stage', 'attempt': 0, 'showSource': 0, 'correction': {'qty': null}, 'reason': 'a slip'}"));
  }

  @Test
  void what_was_asked_before_goes() {
    FailedRecord resource =
        Records.of(
            "{\"qty\": 7}", "action: None", "action: Replay, reason: old, correction: {qty: 8}");

    assertThat(asked(resource, Request.waive("a duplicate")))
        .isEqualTo(
            json(
                "{'action': 'Waive', 'startAt': 'Stage', 'attempt': 0, 'showSource': 0, 'reason': 'a duplicate'}"));
  }

  @Test
  void a_json_patch_gives_way_to_a_correction() {
    FailedRecord resource =
        Records.of(
            "{\"qty\": 7}",
            "action: None",
            "action: Replay, jsonPatch: [{op: replace, path: /qty, value: 9}]");

    assertThat(asked(resource, new Request(Action.Replay, json("{'qty': 9}"), null)))
        .isEqualTo(
            json(
                "{'action': 'Replay', 'startAt': 'Stage', 'attempt': 0, 'showSource': 0, 'correction': {'qty': 9}}"));
  }

  @Test
  void what_was_to_be_read_at_the_source_begins_at_the_stage_now() {
    FailedRecord resource =
        Records.of("{\"qty\": 7}", "action: None", "action: Replay, startAt: Source");

    assertThat(asked(resource, new Request(Action.Replay, json("{}"), null)))
        .as("another request, so no attempt is needed")
        .isEqualTo(json("{'action': 'Replay', 'startAt': 'Stage', 'attempt': 0, 'showSource': 0}"));
  }

  @Test
  void the_same_again_asks_for_another_attempt() {
    FailedRecord resource =
        Records.of("{\"qty\": 7}", "action: None, attempt: 0", "action: Replay, attempt: 3");

    assertThat(asked(resource, new Request(Action.Replay, json("{}"), null)))
        .isEqualTo(json("{'action': 'Replay', 'startAt': 'Stage', 'attempt': 4, 'showSource': 0}"));
  }

  @Test
  void it_applies_only_to_the_generation_that_was_seen() {
    assertThat(Request.waive("x").patch(Records.of("{\"qty\": 7}")).get(0).toString())
        .isEqualTo("{\"op\":\"test\",\"path\":\"/metadata/generation\",\"value\":1}");
  }
}
