package dev.drover.e2e;

/** Manifests of a chain of one extract, one transform and one load over the cluster's databases. */
final class Manifest {
  private Manifest() {}

  /**
   * A Migration.
   *
   * @param steps the transform's steps, each a line of flow YAML
   */
  static String chain(String name, String tables, String... steps) {
    StringBuilder lines = new StringBuilder();
    for (String step : steps) {
      lines.append("          - ").append(step).append('\n');
    }
    return """
    apiVersion: drover.dev/v1alpha1
    kind: Migration
    metadata: {name: %s, namespace: default}
    spec:
      queueDeletionPolicy: Delete
      connections:
        - name: legacy
          jdbc: {url: "%s", credentialsSecretRef: {name: legacy-db}}
        - name: target
          jdbc: {url: "%s", credentialsSecretRef: {name: target-db}}
      stages:
        - name: read
          extract: {connectionName: legacy, tables: ["%s"], splitRecords: 20000}
        - name: clean
          from: read
          transform:
            steps:
    %s    - name: load
          from: clean
          load: {connectionName: target}
    """
        .formatted(
            name,
            System.getenv("LEGACY_JDBC_URL"),
            System.getenv("TARGET_JDBC_URL"),
            tables,
            indent(lines.toString()));
  }

  private static String indent(String steps) {
    return steps.lines().map(l -> "  " + l + "\n").reduce("", String::concat);
  }
}
