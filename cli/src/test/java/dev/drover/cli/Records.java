package dev.drover.cli;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.drover.api.v1alpha1.FailedRecord;
import io.fabric8.kubernetes.client.utils.Serialization;

/** FailedRecords as tests need them. */
public final class Records {
  private static final ObjectMapper JSON = new ObjectMapper();

  private Records() {}

  /** A resource as the operator makes it, nothing asked of it. */
  public static String yaml(String name, String record) {
    return """
        apiVersion: drover.dev/v1alpha1
        kind: FailedRecord
        metadata:
          name: %s
          namespace: here
          generation: 1
          labels:
            drover.dev/migration: shop
            drover.dev/stage: load
            drover.dev/code: CheckViolated
            drover.dev/fingerprint: 0123456789abcdef
        spec: {action: None, attempt: 0}
        status:
          observedGeneration: 1
          migrationName: shop
          stage: load
          step: load
          table: shop.item
          key: "7"
          failureClass: Record
          code: CheckViolated
          message: the row violates no_seven
          fingerprint: 0123456789abcdef
          errorSequence: 12
          record: %s
          replays: 0
          firstSeenTime: "2026-11-24T10:00:00Z"
          lastSeenTime: "2026-11-24T10:00:00Z"
          conditions:
            - {type: Resolved, status: "False", reason: Open, message: set spec.action, observedGeneration: 1, lastTransitionTime: "2026-11-24T10:00:00Z"}
        """
        .formatted(name, record);
  }

  /** The same as an object. */
  public static FailedRecord of(String record, String... changes) {
    String yaml = yaml("shop-load-12", record);
    for (int i = 0; i < changes.length; i += 2) {
      if (!yaml.contains(changes[i])) {
        throw new IllegalArgumentException(changes[i]);
      }
      yaml = yaml.replace(changes[i], changes[i + 1]);
    }
    return Serialization.unmarshal(yaml, FailedRecord.class);
  }

  /** JSON, with single quotes for double ones. */
  public static com.fasterxml.jackson.databind.node.ObjectNode json(String text) {
    try {
      return (com.fasterxml.jackson.databind.node.ObjectNode)
          JSON.readTree(text.replace('\'', '"'));
    } catch (com.fasterxml.jackson.core.JsonProcessingException e) {
      throw new IllegalArgumentException(e);
    }
  }
}
