package dev.drover.operator.cluster;

/** Manifests that tests start from. */
public final class Manifests {
  private Manifests() {}

  /** A whole migration: read, clean, load. */
  public static String migration(String name) {
    return """
    apiVersion: drover.dev/v1alpha1
    kind: Migration
    metadata: {name: %s}
    spec:
      connections:
        - name: legacy
          jdbc: {url: "jdbc:postgresql://legacy/shop", credentialsSecretRef: {name: legacy-db}}
        - name: shop
          jdbc: {url: "jdbc:postgresql://shop/shop", credentialsSecretRef: {name: shop-db}}
          maxConnections: 3
      stages:
        - name: read
          extract: {connectionName: legacy, tables: ["public.orders"]}
          scale: {maxReplicas: 4}
        - name: clean
          from: read
          transform:
            steps:
              - require: {that: "record.qty > 0", code: QtyNotPositive}
        - name: load
          from: clean
          load: {connectionName: shop}
          scale: {maxReplicas: 4}
    """
        .formatted(name);
  }

  /** The same, where a stage has {@code suspend}. */
  static String suspended(String name, String stage, boolean suspend) {
    return migration(name)
        .replace(
            "- name: " + stage + "\n", "- name: " + stage + "\n      suspend: " + suspend + "\n");
  }
}
