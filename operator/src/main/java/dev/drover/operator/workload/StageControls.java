package dev.drover.operator.workload;

import dev.drover.api.v1alpha1.Stage;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.kubernetes.client.utils.Serialization;
import java.util.Map;
import java.util.Optional;

/**
 * How the spec has a stage run, apart from its work, written down at its Deployment: a stage that
 * an edit took out of the spec goes on by it as long as that edit is not in force. Pure.
 */
public final class StageControls {
  /** Annotation of a Deployment. */
  static final String ANNOTATION = "drover.dev/stage-controls";

  private StageControls() {}

  static String written(Stage stage) {
    boolean paced =
        stage.enrich() != null
            && stage.enrich().http() != null
            && stage.enrich().http().requestsPerSecond() != null;
    return Serialization.asJson(
        new Stage(
            stage.name(),
            null,
            null,
            null,
            paced ? stage.enrich() : null,
            null,
            stage.scale(),
            null,
            stage.suspend(),
            false));
  }

  /** The stage as it was last applied, without its work; empty if its Deployment does not say. */
  public static Optional<Stage> of(Deployment deployment) {
    Map<String, String> annotations = deployment.getMetadata().getAnnotations();
    return Optional.ofNullable(annotations)
        .map(a -> a.get(ANNOTATION))
        .map(json -> Serialization.unmarshal(json, Stage.class));
  }
}
