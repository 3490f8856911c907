package dev.drover.operator.desk;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import dev.drover.operator.Failed;
import dev.drover.wire.failure.Correction.RefusedException;
import dev.drover.wire.replay.Change;
import io.fabric8.kubernetes.client.utils.Serialization;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class PatchedRecordTest {
  private static Change change(Predicate<String> hides, String... operations)
      throws RefusedException {
    return change(Map.of(), hides, operations);
  }

  private static Change change(
      Map<String, List<String>> made, Predicate<String> hides, String... operations)
      throws RefusedException {
    return PatchedRecord.change(
        Stream.of(operations)
            .map(o -> Serialization.unmarshal(o.replace('\'', '"'), JsonNode.class))
            .toList(),
        Failed.SCHEMA,
        Failed.made(Failed.message("refused", "17", "ann@example.org"), made),
        hides);
  }

  private static @Nullable JsonNode correction(String... operations) throws RefusedException {
    return change(f -> false, operations).correction();
  }

  @Test
  void a_patch_is_a_correction_of_the_fields_that_it_changes() throws Exception {
    assertThat(
            correction(
                "{'op': 'replace', 'path': '/qty', 'value': 4}",
                "{'op': 'test', 'path': '/qty', 'value': 4}"))
        .hasToString("{\"qty\":4}");
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

  @Test
  void it_tells_where_values_are_copied_from() throws Exception {
    Change change =
        change(
            f -> false,
            "{'op': 'copy', 'from': '/email', 'path': '/id'}",
            "{'op': 'copy', 'from': '/id', 'path': '/email'}",
            "{'op': 'replace', 'path': '/qty', 'value': 4}");

    assertThat(change.correction()).hasToString("{\"id\":\"ann@example.org\",\"qty\":4}");
    assertThat(change.copied()).isEqualTo(Map.of("id", List.of("email")));
  }

  @Test
  void a_value_is_followed_through_other_fields_until_it_is_replaced() throws Exception {
    assertThat(
            change(
                    f -> false,
                    "{'op': 'add', 'path': '/email', 'value': {'a': 1}}",
                    "{'op': 'COPY', 'from': '/qty', 'path': '/email/b'}",
                    "{'op': 'copy', 'from': '/email/a', 'path': '/id'}")
                .copied())
        .isEqualTo(Map.of("email", List.of("qty"), "id", List.of("email", "qty")));
    assertThat(
            change(
                    f -> false,
                    "{'op': 'copy', 'from': '/email', 'path': '/id'}",
                    "{'op': 'replace', 'path': '/id', 'value': 'x'}")
                .copied())
        .isEmpty();
    assertThat(change(f -> false, "{'op': 'copy', 'from': '', 'path': '/id'}").copied())
        .isEqualTo(Map.of("id", List.of("*")));
  }

  @Test
  void a_value_that_an_earlier_change_copied_is_followed_to_where_that_came_from()
      throws Exception {
    Map<String, List<String>> made = Map.of("id", List.of("iban"));
    Change change = change(made, f -> false, "{'op': 'copy', 'from': '/id', 'path': '/email'}");
    assertThat(change.copied()).isEqualTo(Map.of("email", List.of("iban", "id")));
    assertThatThrownBy(
            () -> change(made, "iban"::equals, "{'op': 'test', 'path': '/id', 'value': 'x'}"))
        .hasMessageStartingWith("spec.jsonPatch[0]: test is refused");
  }

  @Test
  void a_test_of_what_is_hidden_is_refused_whether_or_not_it_holds() throws Exception {
    Predicate<String> email = f -> f.equals("email") || f.equals("*");
    for (String test :
        List.of(
            "{'op': 'test', 'path': '/email', 'value': 'ann@example.org'}",
            "{'op': 'Test', 'path': '/email', 'value': 'no'}",
            "{'op': 'test', 'path': '', 'value': {}}",
            "{'op': 'test', 'path': '/id', 'value': 'ann@example.org'}")) {
      assertThatThrownBy(
              () -> change(email, "{'op': 'copy', 'from': '/email', 'path': '/id'}", test))
          .as(test)
          .hasMessageStartingWith("spec.jsonPatch[1]: test is refused")
          .hasMessageNotContaining("ann");
    }
    assertThat(change(email, "{'op': 'test', 'path': '/qty', 'value': 5}").correction()).isEmpty();
  }
}
