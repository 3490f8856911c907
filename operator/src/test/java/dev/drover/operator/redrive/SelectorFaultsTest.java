package dev.drover.operator.redrive;

import static org.assertj.core.api.Assertions.assertThat;

import dev.drover.api.v1alpha1.RedriveSpec;
import io.fabric8.kubernetes.client.utils.Serialization;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SelectorFaultsTest {
  private static Optional<Situation.Held> wrong(String selector) {
    return SelectorFaults.wrong(
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

  @ParameterizedTest
  @ValueSource(strings = {"load ", "two words", ">", "*", "load.x", "Load"})
  void a_stage_that_no_stage_can_be_called_is_named_by_its_path(String stage) {
    assertThat(wrong("{stage: '" + stage + "'}"))
        .hasValueSatisfying(
            held -> {
              assertThat(held.invalid()).isTrue();
              assertThat(held.message()).startsWith("spec.selector.stage: ").contains(stage);
            });
  }

  @Test
  void nothing_is_wrong_with_times_or_with_none() {
    assertThat(wrong("{seenAfter: '2024-02-29T00:00:00.5Z', seenBefore: '2026-01-31T23:59:59Z'}"))
        .isEmpty();
    assertThat(wrong("{stage: load}")).isEmpty();
    assertThat(wrong("{stage: graft_read}")).as("a copy that was made for a graft").isEmpty();
    assertThat(
            SelectorFaults.wrong(
                Serialization.unmarshal("migrationName: orders", RedriveSpec.class)))
        .isEmpty();
  }
}
