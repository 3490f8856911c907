package dev.drover.e2e;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.drover.api.v1alpha1.Migration;
import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;
import java.io.IOException;
import java.time.Instant;
import java.util.Map;

/**
 * An edit of a Migration's connections and stages, as by hand: what it names is merged into the
 * spec that is there, all of it with one request.
 */
public final class SpecEdit {
  private static final ObjectMapper JSON = new ObjectMapper();

  private final Cluster cluster;
  private final Migration migration;
  private final JsonNode spec;

  private SpecEdit(Cluster cluster, Migration migration) {
    this.cluster = cluster;
    this.migration = migration;
    this.spec =
        JSON.valueToTree(
            cluster
                .client
                .getKubernetesSerialization()
                .convertValue(migration, Map.class)
                .get("spec"));
  }

  /** Begins an edit of a Migration as it is now. */
  public static SpecEdit of(Cluster cluster, String migration) {
    return new SpecEdit(cluster, cluster.migration(migration));
  }

  /**
   * Sets fields of a stage.
   *
   * @param fields JSON without its outer braces; null takes a field out
   */
  public SpecEdit stage(String name, String fields) throws IOException {
    return set("stages", name, fields);
  }

  /** Sets fields of a connection, as {@link #stage} does of a stage. */
  public SpecEdit connection(String name, String fields) throws IOException {
    return set("connections", name, fields);
  }

  private SpecEdit set(String list, String name, String fields) throws IOException {
    for (JsonNode element : spec.get(list)) {
      if (element.get("name").asText().equals(name)) {
        ((ObjectNode) element).setAll((ObjectNode) JSON.readTree("{" + fields + "}"));
        return this;
      }
    }
    throw new IllegalArgumentException("spec." + list + " has no " + name);
  }

  /** Makes the edit; returns when it was accepted. */
  public Instant apply() {
    ObjectNode patch = JSON.createObjectNode();
    patch
        .putObject("spec")
        .<ObjectNode>set("connections", spec.get("connections"))
        .set("stages", spec.get("stages"));
    cluster
        .client
        .resource(migration)
        .patch(PatchContext.of(PatchType.JSON_MERGE), patch.toString());
    return Instant.now();
  }
}
