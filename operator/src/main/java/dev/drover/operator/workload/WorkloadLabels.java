package dev.drover.operator.workload;

import dev.drover.api.v1alpha1.Migration;
import io.fabric8.kubernetes.api.model.OwnerReference;
import io.fabric8.kubernetes.api.model.OwnerReferenceBuilder;
import java.util.Map;
import java.util.TreeMap;

/** Labels and annotations by which the operator finds its own objects again, and their owner. */
public final class WorkloadLabels {
  /** The Migration that an object belongs to. */
  public static final String MIGRATION = "drover.dev/migration";

  /** The stage whose workers a Deployment runs. */
  public static final String STAGE = "drover.dev/stage";

  /** The revision that a Job plans. */
  public static final String REVISION = "drover.dev/revision";

  /** Pod template annotation: hash of the stage's own spec and connection. */
  public static final String STAGE_HASH = "drover.dev/stage-hash";

  /** Selects whatever this operator made. */
  public static final String MANAGED = "app.kubernetes.io/managed-by=drover";

  private WorkloadLabels() {}

  static Map<String, String> of(Migration migration, String component) {
    Map<String, String> labels = new TreeMap<>();
    labels.put("app.kubernetes.io/name", "drover-worker");
    labels.put("app.kubernetes.io/instance", migration.getMetadata().getName());
    labels.put("app.kubernetes.io/component", component);
    labels.put("app.kubernetes.io/part-of", "drover");
    labels.put("app.kubernetes.io/managed-by", "drover");
    labels.put(MIGRATION, migration.getMetadata().getName());
    return labels;
  }

  static OwnerReference owner(Migration migration) {
    return new OwnerReferenceBuilder()
        .withApiVersion(migration.getApiVersion())
        .withKind(migration.getKind())
        .withName(migration.getMetadata().getName())
        .withUid(migration.getMetadata().getUid())
        .withController(true)
        .withBlockOwnerDeletion(true)
        .build();
  }
}
