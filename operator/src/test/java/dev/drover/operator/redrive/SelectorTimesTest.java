package dev.drover.operator.redrive;

import static org.assertj.core.api.Assertions.assertThat;

import dev.drover.api.v1alpha1.RedriveSpec;
import io.fabric8.kubernetes.client.utils.Serialization;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class SelectorTimesTest {
  private static Optional<Situation.Held> wrong(String selector) {
    return SelectorTimes.wrong(
        Serialization.unmarshal("migrationName: orders\nselector: " + selector, RedriveSpec.class));
  }

  @Test
  void a_day_that_there_is_not_is_named_by_its_path() {
    assertThat(wrong("{seenAfter: '2026-02-30T00:00:00Z'}"))
        .hasValueSatisfying(
            held -> {
              assertThat(held.invalid()).isTrue();
              assertThat(held.message())
                  .startsWith("spec.selector.seenAfter: 2026-02-30T00:00:00Z is no time");
            });
    assertThat(wrong("{seenBefore: '2026-04-31T00:00:00Z'}"))
        .hasValueSatisfying(
            held -> assertThat(held.message()).startsWith("spec.selector.seenBefore: "));
  }

  @Test
  void nothing_is_wrong_with_times_or_with_none() {
    assertThat(wrong("{seenAfter: '2024-02-29T00:00:00.5Z', seenBefore: '2026-01-31T23:59:59Z'}"))
        .isEmpty();
    assertThat(wrong("{stage: load}")).isEmpty();
    assertThat(
            SelectorTimes.wrong(
                Serialization.unmarshal("migrationName: orders", RedriveSpec.class)))
        .isEmpty();
  }
}
