package dev.drover.wire.schema;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class NativeTypeTest {
  @ParameterizedTest
  @ValueSource(
      strings = {
        "integer",
        "numeric(10,2)",
        "numeric(5,-2)[]",
        "character varying(20)",
        "timestamp(3) with time zone",
        "time(0) without time zone[]",
        "interval day to second(3)",
        "interval(0)",
        "bit varying(8)",
        "\"char\"",
        "shop.\"odd (1) name\"",
        "geometry(Point,4326)"
      })
  void a_name_comes_back_as_it_was(String name) {
    assertThat(NativeType.of(name)).hasToString(name);
  }

  @Test
  void its_parts() {
    assertThat(NativeType.of("timestamp(3) without time zone[]"))
        .isEqualTo(new NativeType("timestamp without time zone", List.of(3), true));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "numeric(10,2) | numeric",
        "character varying(20)[] | character varying[]",
        "timestamp(3) with time zone | timestamp with time zone",
        "character(5) | character(5)",
        "bit(3) | bit(3)",
        "shop.amount | shop.amount"
      })
  void without_a_limit(String name, String unbounded) {
    assertThat(NativeType.of(name).unbounded()).hasToString(unbounded);
  }
}
