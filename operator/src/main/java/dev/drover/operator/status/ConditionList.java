package dev.drover.operator.status;

import dev.drover.api.v1alpha1.Condition;
import dev.drover.wire.plan.Finding;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Conditions in the making. A condition keeps its lastTransitionTime as long as its status is the
 * same, from the resource itself, so also over a restart of the operator.
 */
final class ConditionList {
  private static final int MESSAGE_MAX = 4000;
  private static final int FINDINGS_MAX = 20;

  private final Map<String, Condition> previous = new LinkedHashMap<>();
  private final Map<String, Condition> next = new LinkedHashMap<>();
  private final long generation;
  private final String now;

  ConditionList(List<Condition> previous, long generation, Instant now) {
    previous.forEach(c -> this.previous.put(c.type(), c));
    this.generation = generation;
    this.now = now.truncatedTo(ChronoUnit.SECONDS).toString();
  }

  void set(String type, String status, String reason, String message) {
    Condition before = previous.get(type);
    String since =
        before != null && before.status().equals(status) ? before.lastTransitionTime() : now;
    next.put(type, new Condition(type, status, reason, bounded(message), generation, since));
  }

  /** Keeps what was known before; Unknown with this reason if nothing was. */
  void keep(String type, String reason, String message) {
    Condition before = previous.get(type);
    if (before == null || before.status().equals("Unknown")) {
      set(type, "Unknown", reason, message);
    } else {
      set(type, before.status(), before.reason(), before.message());
    }
  }

  /** The condition as it is becoming. */
  Optional<Condition> get(String type) {
    return Optional.ofNullable(next.get(type));
  }

  boolean is(String type, String status) {
    return get(type).filter(c -> c.status().equals(status)).isPresent();
  }

  boolean was(String type, String status) {
    Condition before = previous.get(type);
    return before != null && before.status().equals(status);
  }

  List<Condition> toList() {
    return new ArrayList<>(next.values());
  }

  /** All findings as {@code path: message}, a line each, the first twenty. */
  static String list(List<Finding> findings) {
    List<String> lines = new ArrayList<>();
    findings.stream()
        .limit(FINDINGS_MAX)
        .forEach(f -> lines.add(f.path().isEmpty() ? f.message() : f.path() + ": " + f.message()));
    if (findings.size() > FINDINGS_MAX) {
      lines.add("and " + (findings.size() - FINDINGS_MAX) + " more");
    }
    return String.join("\n", lines);
  }

  static String bounded(String message) {
    return message.length() <= MESSAGE_MAX ? message : message.substring(0, MESSAGE_MAX - 1) + "…";
  }
}
