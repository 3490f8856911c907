package dev.drover.worker.source;

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
}
