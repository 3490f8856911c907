package dev.drover.operator.desk;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import dev.drover.operator.Failed;
import dev.drover.wire.failure.Correction.RefusedException;
import io.fabric8.kubernetes.client.utils.Serialization;
import java.util.List;
import org.junit.jupiter.api.Test;

class PatchedRecordTest {
  private static JsonNode correction(String... operations) throws RefusedException {
    return PatchedRecord.correction(
        List.of(operations).stream()
            .map(o -> Serialization.unmarshal(o.replace('\'', '"'), JsonNode.class))
            .toList(),
        Failed.SCHEMA,
        Failed.message("refused", "17", "ann@example.org").row());
  }

  @Test
  void a_patch_is_a_correction_of_the_fields_that_it_changes() throws Exception {
    assertThat(
            correction(
                    "{'op': 'replace', 'path': '/qty', 'value': 4}",
                    "{'op': 'test', 'path': '/qty', 'value': 4}")
                .toString())
        .isEqualTo("{\"qty\":4}");
  }

  @Test
  void a_patch_that_fills_the_memory_is_refused() {
    String[] operations = new String[41];
    java.util.Arrays.fill(operations, "{'op': 'copy', 'from': '/email', 'path': '/email/-'}");
    operations[0] = "{'op': 'replace', 'path': '/email', 'value': [1]}";
    assertThatThrownBy(() -> correction(operations))
        .isInstanceOf(RefusedException.class)
        .hasMessageStartingWith("spec.jsonPatch[");
  }
}
