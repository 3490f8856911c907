package dev.drover.operator.workload;

import com.fasterxml.jackson.databind.JsonNode;
import io.fabric8.kubernetes.api.model.Quantity;

/**
 * Whether an object in the cluster already is what we want: every field that we would send stands
 * there with our value. Fields that we do not send (defaults, status, other managers') don't count.
 * So a reconciliation that changes nothing sends nothing, and an edit by hand is mended.
 */
final class DesiredState {
  private DesiredState() {}

  static boolean covers(JsonNode actual, JsonNode desired) {
    if (desired.isObject()) {
      return actual.isObject()
          && desired.properties().stream()
              .allMatch(
                  e -> actual.has(e.getKey()) && covers(actual.get(e.getKey()), e.getValue()));
    }
    if (desired.isArray()) {
      if (!actual.isArray() || actual.size() != desired.size()) {
        return false;
      }
      for (int i = 0; i < desired.size(); i++) {
        if (!covers(actual.get(i), desired.get(i))) {
          return false;
        }
      }
      return true;
    }
    return actual.equals(desired) || sameQuantity(actual, desired);
  }

  /** The API server writes quantities its own way: 1024Mi comes back as 1Gi. */
  private static boolean sameQuantity(JsonNode actual, JsonNode desired) {
    try {
      return actual.isTextual()
          && desired.isTextual()
          && Quantity.getAmountInBytes(Quantity.parse(actual.textValue()))
                  .compareTo(Quantity.getAmountInBytes(Quantity.parse(desired.textValue())))
              == 0;
    } catch (IllegalArgumentException e) {
      return false;
    }
  }
}
