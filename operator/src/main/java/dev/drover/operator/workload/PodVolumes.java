package dev.drover.operator.workload;

import dev.drover.api.v1alpha1.Connection;
import dev.drover.api.v1alpha1.HttpLookup;
import dev.drover.api.v1alpha1.Stage;
import dev.drover.wire.names.PrivateName;
import dev.drover.wire.plan.HttpFiles;
import io.fabric8.kubernetes.api.model.EmptyDirVolumeSource;
import io.fabric8.kubernetes.api.model.KeyToPath;
import io.fabric8.kubernetes.api.model.KeyToPathBuilder;
import io.fabric8.kubernetes.api.model.Volume;
import io.fabric8.kubernetes.api.model.VolumeBuilder;
import io.fabric8.kubernetes.api.model.VolumeProjection;
import io.fabric8.kubernetes.api.model.VolumeProjectionBuilder;
import java.util.ArrayList;
import java.util.List;

/** The volumes of worker pods. Secrets are projected file by file: nothing else of them is seen. */
final class PodVolumes {
  static final String CONNECTIONS_FOLDER = "/etc/drover/connections";
  static final String NATS_FOLDER = "/etc/drover/nats";

  /** Readable by owner and group (fsGroup), by nobody else. */
  private static final int SECRET_MODE = 0440;

  private PodVolumes() {}

  static Volume tmp() {
    return new VolumeBuilder().withName("tmp").withEmptyDir(new EmptyDirVolumeSource()).build();
  }

  static String connectionName(Connection connection) {
    return "connection-" + connection.name();
  }

  /**
   * Files {@code username}, {@code password} and, when the connection names a CA, {@code ca.crt}.
   */
  static Volume connection(Connection connection) {
    Connection.Jdbc jdbc = connection.jdbc();
    List<VolumeProjection> sources = new ArrayList<>();
    sources.add(
        secret(
            jdbc.credentialsSecretRef().name(),
            List.of(item("username", "username"), item("password", "password"))));
    if (jdbc.caSecretRef() != null) {
      String key = jdbc.caSecretRef().key() == null ? "ca.crt" : jdbc.caSecretRef().key();
      sources.add(secret(jdbc.caSecretRef().name(), List.of(item(key, "ca.crt"))));
    }
    return projected(connectionName(connection), sources);
  }

  static String lookupName(Stage stage) {
    return (PrivateName.parse(stage.name()).isPresent() ? "copy-" : "http-")
        + PrivateName.plain(stage.name());
  }

  /** A file for each header whose value a Secret holds and, when it names a CA, {@code ca.crt}. */
  static Volume lookup(Stage stage, HttpLookup http) {
    List<VolumeProjection> sources = new ArrayList<>();
    for (HttpLookup.Header header : http.headers()) {
      if (header.valueFrom() != null) {
        HttpLookup.SecretKey from = header.valueFrom().secretKeyRef();
        sources.add(
            secret(from.name(), List.of(item(from.key(), HttpFiles.headerFile(header.name())))));
      }
    }
    if (http.caSecretRef() != null) {
      String key = http.caSecretRef().key() == null ? "ca.crt" : http.caSecretRef().key();
      sources.add(secret(http.caSecretRef().name(), List.of(item(key, "ca.crt"))));
    }
    return projected(lookupName(stage), sources);
  }

  static Volume nats(String secretName) {
    return new VolumeBuilder()
        .withName("nats")
        .withNewSecret()
        .withSecretName(secretName)
        .withDefaultMode(SECRET_MODE)
        .endSecret()
        .build();
  }

  private static Volume projected(String name, List<VolumeProjection> sources) {
    return new VolumeBuilder()
        .withName(name)
        .withNewProjected()
        .withDefaultMode(SECRET_MODE)
        .withSources(sources)
        .endProjected()
        .build();
  }

  private static VolumeProjection secret(String name, List<KeyToPath> items) {
    return new VolumeProjectionBuilder()
        .withNewSecret()
        .withName(name)
        .withItems(items)
        .endSecret()
        .build();
  }

  private static KeyToPath item(String key, String path) {
    return new KeyToPathBuilder().withKey(key).withPath(path).build();
  }
}
