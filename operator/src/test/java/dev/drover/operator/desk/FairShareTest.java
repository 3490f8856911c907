package dev.drover.operator.desk;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class FairShareTest {
  @Test
  void common_causes_share_evenly() {
    assertThat(FairShare.of(Map.of("a", 90_000L, "b", 10_000L), 200))
        .isEqualTo(Map.of("a", 100, "b", 100));
  }

  @Test
  void a_rare_cause_is_shown_whole_and_leaves_the_rest_to_others() {
    assertThat(FairShare.of(Map.of("common", 90_000L, "rare", 3L), 200))
        .isEqualTo(Map.of("rare", 3, "common", 197));
  }

  @Test
  void more_causes_than_places_get_one_each_as_far_as_it_goes() {
    Map<String, Long> causes =
        IntStream.range(0, 10).boxed().collect(Collectors.toMap(i -> "cause" + i, i -> 5L));

    assertThat(FairShare.of(causes, 4)).hasSize(4).allSatisfy((c, n) -> assertThat(n).isOne());
  }

  @Test
  void places_are_never_more_than_there_are() {
    Map<String, Long> causes =
        IntStream.range(0, 7).boxed().collect(Collectors.toMap(i -> "cause" + i, i -> 1000L));

    assertThat(FairShare.of(causes, 200).values().stream().mapToInt(n -> n).sum()).isEqualTo(200);
    assertThat(FairShare.of(causes, 0)).isEmpty();
  }
}
