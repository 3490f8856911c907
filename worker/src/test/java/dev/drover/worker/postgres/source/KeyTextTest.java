package dev.drover.worker.postgres.source;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.List;
import org.junit.jupiter.api.Test;

class KeyTextTest {
  @Test
  void a_key_of_one_column_is_its_text() {
    assertThat(KeyText.of(List.of("O'Neil, \"x\""))).isEqualTo("O'Neil, \"x\"");
  }

  @Test
  void a_composite_key_is_a_json_array_whatever_its_parts_hold() throws Exception {
    List<String> parts = List.of("a\"b", "\\", "", "line\nbreak\t\u0001", "ä😀", "[1,2]");
    assertThat(List.of(new ObjectMapper().readValue(KeyText.of(parts), String[].class)))
        .isEqualTo(parts);
    assertThat(KeyText.of(List.of("1", "x"))).isEqualTo("[\"1\",\"x\"]");
  }

  @Test
  void a_text_is_taken_apart_as_it_was_made() {
    List<String> parts = List.of("a \"b\"", "c\\", "", "\u0001ü");

    assertThat(KeyText.parse(KeyText.of(parts), 4)).contains(parts);
    assertThat(KeyText.parse("[1]", 1)).as("one column's is as it is").contains(List.of("[1]"));
    for (String none : List.of("[\"a\"]", "a", "[\"a\",1]", "[\"a\"", "{}")) {
      assertThat(KeyText.parse(none, 2)).as(none).isEmpty();
    }
  }
}
