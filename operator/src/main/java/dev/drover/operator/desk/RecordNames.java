package dev.drover.operator.desk;

import dev.drover.api.v1alpha1.FailedRecord;
import dev.drover.api.v1alpha1.FailedRecordStatus;
import dev.drover.operator.chain.ChainRef;
import dev.drover.wire.failure.FailedMessage;
import dev.drover.wire.names.PrivateName;
import dev.drover.wire.schema.Fingerprints;
import io.fabric8.kubernetes.api.model.OwnerReference;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;

/** Names, labels and annotations of FailedRecords. Pure. */
final class RecordNames {
  static final String MIGRATION = "drover.dev/migration";
  static final String STAGE = "drover.dev/stage";
  static final String CODE = "drover.dev/code";
  static final String FINGERPRINT = "drover.dev/fingerprint";

  /** The record's message in the error queue when the resource was made. */
  static final String SEQUENCE = "drover.dev/error-sequence";

  private static final int LONGEST_LABEL = 63;

  private RecordNames() {}

  /** The name of a failed record's resource. */
  static String name(ChainRef ref, String stage, long sequence) {
    return ref.name() + "-" + PrivateName.plain(stage) + "-" + sequence;
  }

  /** Its name where another migration has the plain one. */
  static String secondName(ChainRef ref, String stage, long sequence) {
    return name(ref, stage, sequence) + "-" + Fingerprints.of(ref.uid()).substring(0, 6);
  }

  static Map<String, String> labels(String migration, FailedMessage.Detail detail) {
    return labels(migration, detail.stage(), detail.cause().code(), detail.fingerprint());
  }

  /** The labels that fit a status: a record may fail again for another cause. */
  static Map<String, String> labels(FailedRecordStatus status) {
    return labels(status.migrationName(), status.stage(), status.code(), status.fingerprint());
  }

  private static Map<String, String> labels(
      String migration, String stage, String code, String fingerprint) {
    return Map.of(MIGRATION, migration, STAGE, stage, CODE, label(code), FINGERPRINT, fingerprint);
  }

  /** A text as a label's value may be: letters, digits and {@code -_.} between. */
  private static String label(String text) {
    String plain = text.replaceAll("[^A-Za-z0-9_.-]", "-");
    String cut = plain.substring(0, Math.min(plain.length(), LONGEST_LABEL));
    return cut.replaceAll("^[^A-Za-z0-9]+|[^A-Za-z0-9]+$", "");
  }

  /** The message that a resource shows now; empty for a resource that Drover did not make. */
  static OptionalLong sequence(FailedRecord resource) {
    FailedRecordStatus status = resource.getStatus();
    if (status != null) {
      return OptionalLong.of(status.errorSequence());
    }
    String text = resource.getMetadata().getAnnotations().get(SEQUENCE);
    return text == null || !text.matches("[0-9]{1,18}")
        ? OptionalLong.empty()
        : OptionalLong.of(Long.parseLong(text));
  }

  /** The chain that a resource belongs to; empty for a resource that Drover did not make. */
  static Optional<ChainRef> chain(FailedRecord resource) {
    return resource.getMetadata().getOwnerReferences().stream()
        .filter(owner -> owner.getKind().equals("Migration"))
        .findFirst()
        .map(owner -> ref(resource.getMetadata().getNamespace(), owner));
  }

  private static ChainRef ref(String namespace, OwnerReference owner) {
    return new ChainRef(namespace, owner.getName(), owner.getUid());
  }

  /** The stage that refused the record, by the label that the resource was made with. */
  static String stage(FailedRecord resource) {
    return resource.getMetadata().getLabels().getOrDefault(STAGE, "");
  }
}
