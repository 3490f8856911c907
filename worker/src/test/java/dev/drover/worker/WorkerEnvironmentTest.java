package dev.drover.worker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class WorkerEnvironmentTest {
  private static Map<String, String> complete() {
    return new HashMap<>(
        Map.of(
            "DROVER_NAMESPACE", "shop",
            "DROVER_MIGRATION", "orders",
            "DROVER_UID", "u1",
            "DROVER_REVISION", "r1",
            "NATS_URL", "nats://nats:4222"));
  }

  @Test
  void what_may_be_left_out_has_defaults() {
    WorkerEnvironment environment = WorkerEnvironment.read(complete());
    assertThat(environment.stage()).isEmpty();
    assertThat(environment.httpPort()).isEqualTo(8080);
    assertThat(environment.grace()).isEqualTo(Duration.ofSeconds(30));
    assertThat(environment.secrets()).isEqualTo(Path.of("/etc/drover/connections"));
    assertThat(environment.nats().credentials()).isNull();
    assertThat(environment.nats().ca()).isNull();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "DROVER_NAMESPACE",
        "DROVER_MIGRATION",
        "DROVER_UID",
        "DROVER_REVISION",
        "NATS_URL"
      })
  void what_is_missing_or_blank_is_named(String variable) {
    Map<String, String> environment = complete();
    environment.put(variable, " ");
    assertThatThrownBy(() -> WorkerEnvironment.read(environment))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining(variable + " is not set");
    environment.remove(variable);
    assertThatThrownBy(() -> WorkerEnvironment.read(environment))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining(variable + " is not set");
  }

  @ParameterizedTest
  @ValueSource(strings = {"http", "", "-1", "65536", "8080 "})
  void a_port_that_is_none_is_named(String port) {
    Map<String, String> environment = complete();
    environment.put("DROVER_HTTP_PORT", port);
    assertThatThrownBy(() -> WorkerEnvironment.read(environment))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("DROVER_HTTP_PORT is " + port);
  }

  @ParameterizedTest
  @ValueSource(strings = {"0", "", "5m", "-30"})
  void a_grace_period_that_is_none_is_named(String seconds) {
    Map<String, String> environment = complete();
    environment.put("DROVER_GRACE_SECONDS", seconds);
    assertThatThrownBy(() -> WorkerEnvironment.read(environment))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("DROVER_GRACE_SECONDS is " + seconds);
  }
}
