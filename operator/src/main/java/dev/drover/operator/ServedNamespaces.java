package dev.drover.operator;

import io.fabric8.kubernetes.api.model.HasMetadata;
import java.util.Set;

/**
 * The namespaces whose Migrations this operator serves. Another operator may serve others on the
 * same cluster, over its own NATS; two that serve one namespace would fight.
 *
 * @param watched those it watches; empty for all
 * @param ignored those it leaves alone though it watches all
 */
public record ServedNamespaces(Set<String> watched, Set<String> ignored) {
  public ServedNamespaces {
    watched = Set.copyOf(watched);
    ignored = Set.copyOf(ignored);
  }

  /** Whether a resource stands in one of them. */
  public boolean include(HasMetadata resource) {
    String namespace = resource.getMetadata().getNamespace();
    return !ignored.contains(namespace) && (watched.isEmpty() || watched.contains(namespace));
  }

  @Override
  public String toString() {
    return (watched.isEmpty() ? "all namespaces" : String.join(", ", watched))
        + (ignored.isEmpty() ? "" : " but " + String.join(", ", ignored));
  }
}
