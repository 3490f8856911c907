package dev.drover.cli.cluster;

import org.jspecify.annotations.Nullable;

/**
 * Something that is asked of the API server, for what is said when it refuses.
 *
 * @param verb as RBAC has it
 * @param resource plural, as RBAC has it
 * @param name of the one resource; null if it is about many
 * @param role what the user wants to do with failed records
 */
record Attempted(String verb, String resource, @Nullable String name, Role role) {

  /** What a user wants to do, each with a ClusterRole of the chart. */
  enum Role {
    /** See failures. */
    View("view"),
    /** Correct and replay them. */
    Correct("correct"),
    /** Give them up. */
    Waive("waive");

    private final String suffix;

    Role(String suffix) {
      this.suffix = suffix;
    }

    /** The end of the ClusterRole's name; the beginning is the installation's. */
    String clusterRole() {
      return "<release>-failures-" + suffix;
    }
  }

  static Attempted view(String verb, String resource, @Nullable String name) {
    return new Attempted(verb, resource, name, Role.View);
  }

  /** In words: patch failedrecords shop-load-12. */
  String text() {
    return verb + " " + resource + (name == null ? "" : " " + name);
  }
}
