package dev.drover.operator.chain;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class LossyVersionsTest {
  @ParameterizedTest
  @ValueSource(
      strings = {
        "2.11.12", "2.11.17", "2.12.4", "2.12.15", "2.14.0", "2.14.9", "2.15.0", "2.15.1", "2.15.2"
      })
  void releases_that_were_found_to_lose_messages(String version) {
    assertThat(LossyVersions.contain(version)).isTrue();
  }

  @ParameterizedTest
  @ValueSource(strings = {"2.11.18", "2.12.16", "2.12.100"})
  void later_ones_of_a_branch_of_which_no_mended_release_is_known(String version) {
    assertThat(LossyVersions.contain(version)).isTrue();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "2.10.29", "2.11.11", "2.12.3", "2.14.10", "2.14.11", "2.15.3", "2.15.4", "2.16.0"
      })
  void releases_before_it_came_and_since_it_was_mended(String version) {
    assertThat(LossyVersions.contain(version)).isFalse();
  }

  @ParameterizedTest
  @ValueSource(strings = {"2.13.0", "2.13", "2.17.1", "3.0.0", "1.15.2", "12.15.2"})
  void branches_of_which_nothing_is_known_are_accepted(String version) {
    assertThat(LossyVersions.contain(version)).isFalse();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "2.14.0-RC.1",
        "2.15.0-preview.1",
        "2.15.0-RC.1",
        "2.15.1-dev",
        "2.15.3-RC.1",
        "2.14.10-beta.2"
      })
  void a_pre_release_is_before_its_release(String version) {
    assertThat(LossyVersions.contain(version)).isTrue();
  }

  @ParameterizedTest
  @ValueSource(strings = {"2.11.12-RC.7", "2.12.4-RC.6", "2.16.0-dev", "2.15.4-RC.1"})
  void a_pre_release_before_it_came_or_after_it_was_mended_is_accepted(String version) {
    assertThat(LossyVersions.contain(version)).isFalse();
  }

  @ParameterizedTest
  @ValueSource(strings = {"2.15.3-fips", "2.15.3-binary", "2.14.10+vendor.1", "v2.15.3"})
  void a_build_of_a_mended_release_is_that_release(String version) {
    assertThat(LossyVersions.contain(version)).isFalse();
  }

  @ParameterizedTest
  @ValueSource(strings = {"2.12.8-fips", "2.15.2+vendor.1", "v2.15.2", "2.15.2-"})
  void a_build_of_a_lossy_release_is_that_release(String version) {
    assertThat(LossyVersions.contain(version)).isTrue();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"", "main", "2", "2.15", "2.15.x", "2.15.2.1", "2.15.99999999999", "2.15.2 "})
  void what_is_no_version_is_accepted(String version) {
    assertThat(LossyVersions.contain(version)).isFalse();
  }
}
