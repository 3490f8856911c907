package dev.drover.api.patch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class RecordPatchTest {
  private static final ObjectNode RECORD =
      (ObjectNode) json("{'id': 17, 'note': 'secret', 'qty': 5}");

  private static JsonNode json(String text) {
    try {
      return new ObjectMapper().readTree(text.replace('\'', '"'));
    } catch (JsonProcessingException e) {
      throw new IllegalArgumentException(e);
    }
  }

  private static List<JsonNode> operations(String text) {
    List<JsonNode> operations = new ArrayList<>();
    json(text).forEach(operations::add);
    return operations;
  }

  /** A first operation, then another so many times. */
  private static List<JsonNode> repeated(String first, String then, int times) {
    List<JsonNode> operations = new ArrayList<>(List.of(json(first)));
    for (int i = 0; i < times; i++) {
      operations.add(json(then));
    }
    return operations;
  }

  @Test
  void operations_apply_in_order_and_leave_the_record_as_it_was() throws Exception {
    JsonNode patched =
        RecordPatch.apply(
            operations(
                "[{'op':'replace','path':'/qty','value':6},{'op':'copy','from':'/qty','path':'/id'}]"),
            RECORD);

    assertThat(patched).isEqualTo(json("{'id': 6, 'note': 'secret', 'qty': 6}"));
    assertThat(RECORD.get("qty").asInt()).isEqualTo(5);
  }

  @Test
  void a_copy_that_doubles_at_each_step_is_refused_before_it_fills_the_memory() {
    assertThatThrownBy(
            () ->
                RecordPatch.apply(
                    repeated(
                        "{'op':'replace','path':'/note','value':[1]}",
                        "{'op':'copy','from':'/note','path':'/note/-'}",
                        40),
                    RECORD))
        .isInstanceOf(PatchRefusedException.class)
        .hasMessageMatching("spec\\.jsonPatch\\[[12]?[0-9]]: .*larger than any can be.*");
  }

  @Test
  void a_record_that_is_copied_into_itself_deeper_and_deeper_is_refused() {
    List<JsonNode> operations = new ArrayList<>();
    String at = "/note";
    for (int i = 0; i < 60; i++) {
      operations.add(json("{'op':'copy','from':'','path':'%s'}".formatted(at)));
      at = at + at;
      if (at.length() > 100_000) {
        break;
      }
    }
    assertThatThrownBy(() -> RecordPatch.apply(operations, RECORD))
        .isInstanceOf(PatchRefusedException.class)
        .hasMessageContaining("larger than any can be");
  }

  @Test
  void an_operation_that_is_malformed_is_refused_with_what_to_write_and_no_value() {
    for (String operation :
        List.of(
            "{'op':'replace','path':'qty','value':1}",
            "{'op':'replace','path':'/note/99999999999','value':1}",
            "{'op':'add','path':'/note/-1','value':1}",
            "{'op':'copy','from':'qty','path':'/note'}",
            "{'op':'copy','path':'/note'}",
            "{'op':'replace','path':'/qty~','value':1}",
            "{'op':'replace','path':'/qty'}",
            "{'op':'replace','path':7,'value':1}",
            "{'op':'replace','path':null,'value':1}",
            "{'op':'replace','value':1}",
            "{'op':'turn','path':'/qty'}",
            "{'op':'test','path':'/note','value':'no'}",
            "{'op':5}",
            "{}",
            "'x'",
            "null")) {
      assertThatThrownBy(
              () ->
                  RecordPatch.apply(
                      List.of(json("{'op':'test','path':'/qty','value':5}"), json(operation)),
                      RECORD))
          .as(operation)
          .isInstanceOf(PatchRefusedException.class)
          .hasMessageStartingWith("spec.jsonPatch[1]: ")
          .hasMessageContaining("/ and the name of a field: id, note, qty")
          .hasMessageNotContaining("secret");
    }
  }

  @Test
  void a_large_record_may_be_patched_by_a_large_value() throws Exception {
    ObjectNode large = RECORD.deepCopy().put("note", "x".repeat(8_000_000));
    String value = "y".repeat(1_500_000);

    JsonNode patched =
        RecordPatch.apply(
            operations("[{'op':'replace','path':'/id','value':'%s'}]".formatted(value)), large);

    assertThat(patched.get("id").asText()).isEqualTo(value);
  }
}
