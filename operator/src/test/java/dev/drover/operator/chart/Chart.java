package dev.drover.operator.chart;

import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** helm/drover, rendered by the helm binary of {@code drover.bin}. */
public final class Chart {
  private static final Path HELM = Path.of(System.getProperty("drover.bin"), "helm");

  private Chart() {}

  /** Whether there is a helm to render with. */
  public static boolean canRender() {
    return Files.isExecutable(HELM);
  }

  /** The text that helm makes of these {@code --set} values, or its refusal. */
  public static String render(String... values) {
    return render("drover", values);
  }

  private static String render(String release, String[] values) {
    List<String> command = new ArrayList<>();
    command.add(HELM.toString());
    command.addAll(List.of("template", release, chart(), "-n", "drover-system"));
    command.addAll(
        List.of("--api-versions", "admissionregistration.k8s.io/v1/MutatingAdmissionPolicy"));
    for (String value : values) {
      command.addAll(List.of("--set", value));
    }
    try {
      Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
      process.getOutputStream().close();
      return new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The objects that helm makes of these values. */
  public static List<HasMetadata> objects(String... values) {
    return release("drover", values);
  }

  /** The objects of a release of this name. */
  public static List<HasMetadata> release(String name, String... values) {
    String yaml = render(name, values);
    try (KubernetesClient client = new KubernetesClientBuilder().build()) {
      return client.load(new ByteArrayInputStream(yaml.getBytes(StandardCharsets.UTF_8))).items();
    }
  }

  private static String chart() {
    return Path.of(System.getProperty("drover.root"), "helm", "drover").toString();
  }
}
