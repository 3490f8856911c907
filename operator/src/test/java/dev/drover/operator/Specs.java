package dev.drover.operator;

import dev.drover.api.v1alpha1.Migration;
import dev.drover.api.v1alpha1.MigrationSpec;
import dev.drover.operator.cluster.Manifests;
import io.fabric8.kubernetes.client.utils.Serialization;

/** Specs for tests, read from manifests as users write them. */
public final class Specs {
  private Specs() {}

  /** The migration of {@link Manifests}, with a piece of its text replaced. */
  public static MigrationSpec with(String text, String replacement) {
    return migration(text, replacement).getSpec();
  }

  public static Migration migration(String text, String replacement) {
    String manifest = Manifests.migration("orders");
    if (!manifest.contains(text)) {
      throw new IllegalArgumentException("the manifest has no " + text);
    }
    Migration migration =
        Serialization.unmarshal(manifest.replace(text, replacement), Migration.class);
    migration.getMetadata().setNamespace("default");
    migration.getMetadata().setUid("11111111-2222-3333-4444-555555555555");
    migration.getMetadata().setGeneration(7L);
    return migration;
  }

  public static MigrationSpec plain() {
    return with("", "");
  }
}
