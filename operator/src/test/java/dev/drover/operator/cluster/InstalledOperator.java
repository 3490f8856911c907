package dev.drover.operator.cluster;

import dev.drover.api.cluster.ApiServer;
import java.io.IOException;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** The packaged operator as its own process, with the rights of the chart's service account. */
final class InstalledOperator implements AutoCloseable {
  private final Process process;
  private final Path log;
  private final int port;

  private InstalledOperator(Process process, Path log, int port) {
    this.process = process;
    this.log = log;
    this.port = port;
  }

  /** Starts it; its service account is there already. */
  static InstalledOperator start(String namespace, String natsUrl, List<String> javaOptions)
      throws IOException {
    int port;
    try (ServerSocket free = new ServerSocket(0)) {
      port = free.getLocalPort();
    }
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(javaOptions);
    command.add("-jar");
    command.add(
        Path.of(System.getProperty("drover.root"), "operator/target/quarkus-app/quarkus-run.jar")
            .toString());
    ProcessBuilder builder = new ProcessBuilder(command);
    builder.environment().put("KUBECONFIG", kubeconfig(namespace).toString());
    builder.environment().put("QUARKUS_HTTP_PORT", Integer.toString(port));
    builder.environment().put("DROVER_NAMESPACE", namespace);
    builder.environment().put("DROVER_LEASE", "drover");
    builder.environment().put("DROVER_NATS_URL", natsUrl);
    builder.environment().put("DROVER_WORKER_IMAGE", "drover/worker:test");
    Path log = Files.createTempFile("operator", ".log");
    Process process = builder.redirectErrorStream(true).redirectOutput(log.toFile()).start();
    return new InstalledOperator(process, log, port);
  }

  private static Path kubeconfig(String namespace) throws IOException {
    String token =
        ApiServer.get()
            .kubectl("", "create", "token", "drover", "-n", namespace, "--duration=2h")
            .output()
            .strip();
    String admin = Files.readString(ApiServer.get().kubeconfig());
    Path kubeconfig = Files.createTempFile("operator", ".kubeconfig");
    Files.writeString(
        kubeconfig,
        admin.substring(0, admin.indexOf("users:"))
            + "users:\n- name: "
            + user(admin)
            + "\n  user:\n    token: "
            + token
            + "\n");
    return kubeconfig;
  }

  private static String user(String kubeconfig) {
    String from = kubeconfig.substring(kubeconfig.indexOf("users:"));
    return from.lines()
        .filter(l -> l.contains("name:"))
        .findFirst()
        .orElseThrow()
        .replaceAll(".*name:\\s*", "");
  }

  Process process() {
    return process;
  }

  /** All that it logged so far. */
  String log() {
    try {
      return Files.readString(log);
    } catch (IOException e) {
      return e.toString();
    }
  }

  int status(String path) throws IOException, InterruptedException {
    return get(path).statusCode();
  }

  String body(String path) throws IOException {
    try {
      return get(path).body();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException(e);
    }
  }

  private HttpResponse<String> get(String path) throws IOException, InterruptedException {
    try (HttpClient http = HttpClient.newHttpClient()) {
      return http.send(
          HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + path)).build(),
          HttpResponse.BodyHandlers.ofString());
    }
  }

  @Override
  public void close() throws InterruptedException {
    process.destroyForcibly().waitFor();
  }
}
