package dev.drover.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** The built file, started as a user's shell starts it. */
final class Program {
  private static final Path FILE =
      Path.of(System.getProperty("drover.root"), "cli", "target", "kubectl-drover");

  private final Map<String, String> environment = new HashMap<>();

  Program() {
    environment.put("JAVA_HOME", System.getProperty("java.home"));
    environment.put("XDG_CACHE_HOME", FILE.resolveSibling("cache").toString());
  }

  /** With another variable in its environment. */
  Program with(String variable, String value) {
    environment.put(variable, value);
    return this;
  }

  /**
   * What it said.
   *
   * @param out answers
   * @param err the rest
   */
  record Said(int code, String out, String err) {
    /** The answer as JSON, of which nothing else may be. */
    JsonNode json() {
      try {
        return new ObjectMapper().readTree(out);
      } catch (IOException e) {
        throw new AssertionError(out, e);
      }
    }

    /** Ends with this code, and without a stack trace whatever it is. */
    Said ends(int expected) {
      assertThat(code).as(out + err).isEqualTo(expected);
      assertThat(err).doesNotContain("\tat ", "Exception", "SLF4J", "WARNING");
      assertThat(out + err).doesNotContain("\u001b");
      return this;
    }
  }

  Said run(String... arguments) {
    List<String> command = new ArrayList<>(List.of(FILE.toString()));
    command.addAll(List.of(arguments));
    try {
      Path err = Files.createTempFile("said", ".err");
      ProcessBuilder builder = new ProcessBuilder(command).redirectError(err.toFile());
      builder.environment().remove("KUBECONFIG");
      builder.environment().putAll(environment);
      Process process = builder.start();
      process.getOutputStream().close();
      String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      assertThat(process.waitFor(60, TimeUnit.SECONDS)).as("ends").isTrue();
      String said = Files.readString(err);
      Files.delete(err);
      return new Said(process.exitValue(), out, said);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }
}
