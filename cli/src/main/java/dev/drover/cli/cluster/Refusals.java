package dev.drover.cli.cluster;

import dev.drover.cli.outcome.CommandFailedException;
import dev.drover.cli.outcome.ExitCode;
import io.fabric8.kubernetes.api.model.Status;
import io.fabric8.kubernetes.client.KubernetesClientException;
import java.io.IOException;
import java.net.ConnectException;
import java.net.UnknownHostException;
import java.util.Optional;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;

/** What a refusal of the API server means for the user. Pure. */
final class Refusals {
  /** All that the API server says when the test at a JSON patch's head fails. */
  private static final String PATCH_DOES_NOT_APPLY =
      "the server rejected our request due to an error in our request";

  private Refusals() {}

  /**
   * The error to show.
   *
   * @param server URL of the API server
   */
  static CommandFailedException of(
      KubernetesClientException e, Attempted asked, String namespace, String server) {
    return switch (e.getCode()) {
      case 401 ->
          new CommandFailedException(
              ExitCode.Unreachable,
              "the API server at " + server + " does not know you (401 Unauthorized)",
              "log in again; see kubectl auth whoami");
      case 403 -> forbidden(e, asked, namespace);
      case 404 -> notFound(e, asked, namespace, server);
      case 409 ->
          new CommandFailedException(
              ExitCode.Refused,
              "somebody else changed %s meanwhile: %s".formatted(asked.text(), message(e)),
              "look at it again, and repeat the command if it still makes sense");
      default -> e.getCode() <= 0 ? unreachable(e, server) : refused(e, asked, namespace);
    };
  }

  private static CommandFailedException forbidden(
      KubernetesClientException e, Attempted asked, String namespace) {
    return new CommandFailedException(
        ExitCode.Forbidden,
        "you may not %s in namespace %s: %s".formatted(asked.text(), namespace, message(e)),
        "ask who runs the cluster to bind you, in namespace %s, to the ClusterRole %s of Drover's"
                .formatted(namespace, asked.role().clusterRole())
            + " chart (kubectl get clusterroles | grep failures)");
  }

  private static CommandFailedException notFound(
      KubernetesClientException e, Attempted asked, String namespace, String server) {
    if (asked.name() == null) {
      return new CommandFailedException(
          ExitCode.NotFound,
          "the cluster at %s has no %s.drover.dev: Drover is not installed there"
              .formatted(server, asked.resource()),
          "check --context, or install Drover (helm install drover …)");
    }
    return new CommandFailedException(
        ExitCode.NotFound,
        "there is no %s %s in namespace %s: %s"
            .formatted(asked.resource(), asked.name(), namespace, message(e)),
        "check the name and -n; see kubectl get " + asked.resource() + " -A");
  }

  private static CommandFailedException refused(
      KubernetesClientException e, Attempted asked, String namespace) {
    String message = message(e);
    if (message.equals(PATCH_DOES_NOT_APPLY)) {
      return new CommandFailedException(
          ExitCode.Refused,
          "somebody else asked something of %s in namespace %s meanwhile; nothing was sent"
              .formatted(asked.name(), namespace),
          "look at it again, and repeat the command if it still makes sense");
    }
    return new CommandFailedException(
        ExitCode.Refused,
        "the API server refused to %s in namespace %s: %s"
            .formatted(asked.text(), namespace, message),
        null);
  }

  private static CommandFailedException unreachable(KubernetesClientException e, String server) {
    String why;
    String advice = "check --context and --kubeconfig, and whether kubectl get namespaces works";
    if (cause(e, UnknownHostException.class) != null) {
      why = "its host name is not known";
    } else if (cause(e, SSLException.class) != null) {
      why = "TLS failed: " + root(e);
    } else if (cause(e, ConnectException.class) != null) {
      why = "the connection was refused or timed out";
    } else if (cause(e, IOException.class) != null) {
      why = root(e);
    } else {
      why = message(e);
    }
    if (server.startsWith("https://kubernetes.default.svc")) {
      advice = "there is no kubeconfig: set KUBECONFIG, or give --kubeconfig";
    }
    return new CommandFailedException(
        ExitCode.Unreachable, "cannot reach the API server at " + server + ": " + why, advice);
  }

  private static <T extends Throwable> @Nullable T cause(Throwable e, Class<T> type) {
    for (Throwable t = e; t != null; t = t.getCause()) {
      if (type.isInstance(t)) {
        return type.cast(t);
      }
    }
    return null;
  }

  /** The innermost reason. */
  static String root(Throwable e) {
    Throwable root = e;
    while (root.getCause() != null) {
      root = root.getCause();
    }
    return root.getMessage() == null ? root.getClass().getSimpleName() : root.getMessage();
  }

  /** The API server's own words, without the client's around them. */
  private static String message(KubernetesClientException e) {
    return Optional.ofNullable(e.getStatus())
        .map(Status::getMessage)
        .filter(m -> !m.isBlank())
        .orElseGet(() -> String.valueOf(e.getMessage()));
  }
}
