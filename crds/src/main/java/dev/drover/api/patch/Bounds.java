package dev.drover.api.patch;

import com.fasterxml.jackson.databind.JsonNode;

/**
 * How large a patched record may be: a resource holds at most 1.5 MiB, so a record that grows by
 * much more than that can only have copied itself. Pure.
 *
 * @param heaviest in bytes of memory, about
 */
record Bounds(long heaviest) {
  /** How much a record may grow, in bytes of memory, about. */
  private static final long GROWTH = 16 * 1024 * 1024;

  /** As deep as a reader of JSON goes; a patch applied to less is safe to walk. */
  private static final int DEEPEST = 1000;

  private static final int VALUE = 16;
  private static final int CONTAINER = 64;

  /** The bounds of what becomes of a record. */
  static Bounds of(JsonNode record) {
    return new Bounds(weight(record, 0, Long.MAX_VALUE) + GROWTH);
  }

  boolean hold(JsonNode patched) {
    return weight(patched, 0, heaviest) <= heaviest;
  }

  /** About the bytes of memory that a value takes; more than {@code most} as soon as it is more. */
  private static long weight(JsonNode node, int depth, long most) {
    if (!node.isContainerNode()) {
      return VALUE + (node.isTextual() ? node.textValue().length() : 0);
    }
    if (depth > DEEPEST) {
      return Long.MAX_VALUE;
    }
    long weight = CONTAINER;
    for (var field : node.properties()) {
      weight += field.getKey().length();
    }
    for (JsonNode inner : node) {
      weight += weight(inner, depth + 1, most - weight);
      if (weight > most || weight < 0) {
        return Long.MAX_VALUE;
      }
    }
    return weight;
  }
}
