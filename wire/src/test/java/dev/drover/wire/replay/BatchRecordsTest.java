package dev.drover.wire.replay;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class BatchRecordsTest {
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "3,4,5,9|3x2,4",
        "0|0",
        "0,1|0x1",
        "7,900,8|7x1,892",
        "00f3a1,12|=00f3a1,12",
        "0123456789012345|=0123456789012345",
        "01|=01"
      })
  void records_are_told_in_few_letters_and_come_out_again(String records, String text) {
    List<String> some = List.of(records.split(","));

    assertThat(BatchRecords.text(some)).isEqualTo(text);
    assertThat(BatchRecords.parse(text)).containsExactlyInAnyOrderElementsOf(some);
  }

  @Test
  void a_batch_of_which_all_failed_costs_nothing() {
    List<String> all = IntStream.range(0, 8000).mapToObj(Integer::toString).toList();

    assertThat(BatchRecords.text(all)).isEqualTo("0x7999");
    assertThat(BatchRecords.parse("0x7999")).isEqualTo(all);
  }
}
