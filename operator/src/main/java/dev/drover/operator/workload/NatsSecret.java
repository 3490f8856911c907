package dev.drover.operator.workload;

import dev.drover.api.v1alpha1.Migration;
import io.fabric8.kubernetes.api.model.Secret;
import io.fabric8.kubernetes.api.model.SecretBuilder;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The Secret by which a Migration's pods know NATS, in the Migration's namespace and owned by it: a
 * copy of the credentials and CA that the operator's own pod has mounted. It exists only where the
 * installation names credentials or a CA. Whoever may read Secrets in a namespace with Migrations
 * can therefore read these credentials.
 */
public final class NatsSecret {
  static final String CREDENTIALS_KEY = "nats.creds";
  static final String CA_KEY = "ca.crt";

  private final @Nullable Path credentials;
  private final @Nullable Path ca;

  /** The files in the operator's pod; null where the installation has none. */
  public NatsSecret(@Nullable Path credentials, @Nullable Path ca) {
    this.credentials = credentials;
    this.ca = ca;
  }

  /** The Secret as it should be now: the files are read anew, for they may have been rotated. */
  Secret of(Migration migration) {
    Map<String, String> data = new TreeMap<>();
    if (credentials != null) {
      data.put(CREDENTIALS_KEY, base64(credentials));
    }
    if (ca != null) {
      data.put(CA_KEY, base64(ca));
    }
    return new SecretBuilder()
        .withNewMetadata()
        .withName(WorkloadNames.natsSecret(migration))
        .withNamespace(migration.getMetadata().getNamespace())
        .withLabels(WorkloadLabels.of(migration, "nats"))
        .withOwnerReferences(WorkloadLabels.owner(migration))
        .endMetadata()
        .withType("Opaque")
        .withData(data)
        .build();
  }

  private static String base64(Path file) {
    try {
      return Base64.getEncoder().encodeToString(Files.readAllBytes(file));
    } catch (IOException e) {
      throw new UncheckedIOException(
          "cannot read " + file + ", which the chart's nats values mount into the operator", e);
    }
  }
}
