package dev.drover.api.cluster;

import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.fabric8.kubeapitest.KubeAPIServer;
import io.fabric8.kubeapitest.KubeAPIServerConfigBuilder;
import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import io.fabric8.kubernetes.client.utils.KubernetesSerialization;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * One kube-apiserver and etcd for all tests of this JVM, from our own binaries, with our CRDs.
 * There is no controller manager: a test that needs one plays it.
 */
public final class ApiServer {
  private static ApiServer running;

  private final KubeAPIServer server;
  private final Path kubeconfig;
  private final Path bin;
  private final KubernetesClient client;

  private ApiServer() throws IOException {
    Path root = Path.of(System.getProperty("drover.root"));
    bin = Path.of(System.getProperty("drover.bin"));
    Path folder = Files.createTempDirectory("drover-apiserver");
    Path binaries = Files.createDirectories(folder.resolve("k8s").resolve("1.36.3-linux-amd64"));
    for (String name : List.of("etcd", "kube-apiserver", "kubectl")) {
      Path binary = bin.resolve(name);
      if (!Files.isExecutable(binary)) {
        throw new IllegalStateException(
            binary
                + " is missing: run make integration once, or give its folder as -Ddrover.bin=…");
      }
      Files.createSymbolicLink(binaries.resolve(name), binary.toRealPath());
    }
    server =
        new KubeAPIServer(
            KubeAPIServerConfigBuilder.anAPIServerConfig()
                .withTestDir(folder.toString())
                .withApiServerVersion("1.36.3")
                .withOfflineMode(true)
                .withUpdateKubeConfig(false)
                .build());
    server.start();
    Runtime.getRuntime().addShutdownHook(new Thread(server::stop));
    kubeconfig = folder.resolve("kubeconfig");
    Files.writeString(kubeconfig, server.getKubeConfigYaml());
    client =
        new KubernetesClientBuilder()
            .withConfig(Config.fromKubeconfig(server.getKubeConfigYaml()))
            .withKubernetesSerialization(
                new KubernetesSerialization(
                    new ObjectMapper().disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES),
                    true))
            .build();
    Result crds = kubectl("", "apply", "--server-side", "-f", root.resolve("crds").toString());
    if (crds.code() != 0) {
      throw new IllegalStateException("the API server refused the CRDs: " + crds.output());
    }
    Result established =
        kubectl(
            "",
            "wait",
            "--for=condition=Established",
            "--timeout=30s",
            "crd/migrations.drover.dev",
            "crd/failedrecords.drover.dev",
            "crd/redrives.drover.dev");
    if (established.code() != 0) {
      throw new IllegalStateException(established.output());
    }
    awaitShortNames();
  }

  /** kubectl keeps the list of resources that it got before these were there; this renews it. */
  private void awaitShortNames() {
    for (int look = 0; look < 100; look++) {
      if (kubectl("", "api-resources", "--api-group=drover.dev").output().contains("mig")) {
        return;
      }
    }
    throw new IllegalStateException("the API server does not list drover.dev's resources");
  }

  /** The API server, started at first use. */
  public static synchronized ApiServer get() {
    if (running == null) {
      try {
        running = new ApiServer();
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
    return running;
  }

  public KubernetesClient client() {
    return client;
  }

  public Path kubeconfig() {
    return kubeconfig;
  }

  /** Runs kubectl, with this text as its input. */
  public Result kubectl(String input, String... arguments) {
    try {
      List<String> command = new java.util.ArrayList<>();
      command.add(bin.resolve("kubectl").toString());
      command.add("--kubeconfig=" + kubeconfig);
      command.addAll(List.of(arguments));
      Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
      process.getOutputStream().write(input.getBytes(java.nio.charset.StandardCharsets.UTF_8));
      process.getOutputStream().close();
      String output =
          new String(
              process.getInputStream().readAllBytes(), java.nio.charset.StandardCharsets.UTF_8);
      if (!process.waitFor(60, TimeUnit.SECONDS)) {
        process.destroyForcibly();
        throw new IllegalStateException("kubectl did not end: " + command);
      }
      return new Result(process.exitValue(), output);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }

  /** Applies a manifest in a namespace. */
  public Result apply(String namespace, String manifest) {
    return kubectl(manifest, "apply", "-n", namespace, "-f", "-");
  }

  public record Result(int code, String output) {}
}
