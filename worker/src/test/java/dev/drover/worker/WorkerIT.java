package dev.drover.worker;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** The worker's process when it is started as it should not be: a sentence, and exit code 2. */
class WorkerIT {
  private static final Map<String, String> COMPLETE =
      Map.of(
          "DROVER_NAMESPACE", "shop",
          "DROVER_MIGRATION", "orders",
          "DROVER_UID", "u1",
          "DROVER_REVISION", "r1",
          "NATS_URL", "nats://127.0.0.1:1");

  private static String refused(Map<String, String> environment, String... arguments)
      throws Exception {
    ProcessBuilder builder =
        new ProcessBuilder(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-cp",
            System.getProperty("java.class.path"),
            "dev.drover.worker.Worker");
    builder.command().addAll(List.of(arguments));
    builder.environment().keySet().removeIf(v -> v.startsWith("DROVER_") || v.startsWith("NATS_"));
    builder.environment().putAll(environment);
    Process process = builder.redirectErrorStream(true).start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).as(output).isEqualTo(2);
    assertThat(output).doesNotContain("\tat ");
    return output;
  }

  @Test
  void without_an_argument_it_says_how_it_is_used() throws Exception {
    assertThat(refused(COMPLETE)).contains("usage: worker plan | worker run");
  }

  @Test
  void without_an_environment_it_names_what_is_missing() throws Exception {
    assertThat(refused(Map.of(), "plan")).contains("DROVER_NAMESPACE is not set");
  }

  @Test
  void without_a_stage_it_does_not_run() throws Exception {
    assertThat(refused(COMPLETE, "run")).contains("DROVER_STAGE is not set");
    Map<String, String> blank = new HashMap<>(COMPLETE);
    blank.put("DROVER_STAGE", "");
    assertThat(refused(blank, "run")).contains("DROVER_STAGE is not set");
  }
}
