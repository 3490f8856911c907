package dev.drover.operator.cluster;

import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.PodTemplateSpec;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/**
 * A pod of the worker image as a process: with the command and the environment that the operator
 * gave its container, but for where NATS and the secrets are here.
 */
final class PodProcess implements AutoCloseable {
  private final Process process;

  private PodProcess(Process process) {
    this.process = process;
  }

  /**
   * Starts the container of a pod.
   *
   * @param secrets a folder for each connection
   * @param log what the process says is added to it
   */
  static PodProcess start(PodTemplateSpec pod, String natsUrl, Path secrets, Path log)
      throws IOException {
    Container container = pod.getSpec().getContainers().getFirst();
    List<String> command =
        new ArrayList<>(
            List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:+UseSerialGC",
                "-Dslf4j.provider=org.slf4j.jul.JULServiceProvider",
                "-cp",
                System.getProperty("java.class.path"),
                "dev.drover.worker.Worker"));
    command.addAll(container.getArgs());
    ProcessBuilder builder =
        new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()));
    container.getEnv().stream()
        .filter(variable -> variable.getValue() != null)
        .forEach(variable -> builder.environment().put(variable.getName(), variable.getValue()));
    builder
        .environment()
        .putAll(
            Map.of(
                "NATS_URL",
                natsUrl,
                "DROVER_SECRETS",
                secrets.toString(),
                "DROVER_HTTP_PORT",
                "0",
                "HOSTNAME",
                container.getArgs().getFirst() + "-" + System.nanoTime()));
    return new PodProcess(builder.start());
  }

  /** Waits for a process that ends by itself. */
  void awaitEnd(Path log) throws IOException, InterruptedException {
    if (!process.waitFor(60, TimeUnit.SECONDS) || process.exitValue() != 0) {
      throw new AssertionError("it did not end well:\n" + Files.readString(log));
    }
  }

  @Override
  public void close() throws InterruptedException {
    process.destroy();
    if (!process.waitFor(30, TimeUnit.SECONDS)) {
      process.destroyForcibly();
    }
  }
}
