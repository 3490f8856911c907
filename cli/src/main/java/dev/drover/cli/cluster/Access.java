package dev.drover.cli.cluster;

import dev.drover.cli.outcome.CommandFailedException;
import dev.drover.cli.outcome.ExitCode;
import io.fabric8.kubernetes.api.model.NamedContext;
import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.ConfigBuilder;
import io.fabric8.kubernetes.client.KubernetesClientException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Which cluster, namespace and user, as kubectl's options of the same names say.
 *
 * @param kubeconfig path; null for $KUBECONFIG, else ~/.kube/config
 * @param context name of a context; null for the current one
 * @param namespace null for the context's, else default
 * @param as user to act as; null for oneself
 */
public record Access(
    @Nullable String kubeconfig,
    @Nullable String context,
    @Nullable String namespace,
    @Nullable String as) {
  private static final int CONNECT_MILLIS = 10_000;
  private static final int REQUEST_MILLIS = 30_000;

  /** The client's configuration; a context or file that is not there is refused. */
  Config config() {
    if (kubeconfig != null) {
      if (!Files.isReadable(Path.of(kubeconfig))) {
        throw new CommandFailedException(
            ExitCode.Usage,
            "--kubeconfig " + kubeconfig + " cannot be read",
            "give the path of a kubeconfig file");
      }
      System.setProperty(Config.KUBERNETES_KUBECONFIG_FILE, kubeconfig);
    }
    Config found = read();
    requireContext(found);
    return new ConfigBuilder(found)
        .withNamespace(
            namespace != null
                ? namespace
                : found.getNamespace() == null ? "default" : found.getNamespace())
        .withImpersonateUsername(as != null ? as : found.getImpersonateUsername())
        .withConnectionTimeout(CONNECT_MILLIS)
        .withRequestTimeout(REQUEST_MILLIS)
        .withRequestRetryBackoffLimit(0)
        .build();
  }

  private Config read() {
    try {
      return Config.autoConfigure(context);
    } catch (KubernetesClientException e) {
      throw new CommandFailedException(
          ExitCode.Usage,
          "the kubeconfig cannot be understood: " + Refusals.root(e),
          "see what kubectl config view says of it");
    }
  }

  private void requireContext(Config found) {
    if (context == null) {
      return;
    }
    List<NamedContext> contexts = found.getContexts() == null ? List.of() : found.getContexts();
    List<String> names = contexts.stream().map(NamedContext::getName).toList();
    if (!names.contains(context)) {
      throw new CommandFailedException(
          ExitCode.Usage,
          "the kubeconfig has no context " + context,
          names.isEmpty() ? "see kubectl config get-contexts" : "use one of " + names);
    }
  }
}
