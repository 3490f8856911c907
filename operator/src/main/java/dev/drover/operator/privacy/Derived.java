package dev.drover.operator.privacy;

import dev.drover.api.v1alpha1.Step;
import dev.drover.wire.batch.Provenance;
import dev.drover.wire.plan.Derivation;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;

/** What expressions make of hidden fields. Pure; rather hides too much than too little. */
final class Derived {
  private Derived() {}

  /**
   * The fields whose value is computed from hidden ones, also by way of others.
   *
   * @param set in order; a field that is set anew from what is not hidden is not hidden by this
   */
  static Set<String> fields(List<Step.Assignment> set, Set<String> hidden) {
    Set<String> derived = new HashSet<>();
    for (Step.Assignment assignment : set) {
      if (reads(assignment.to(), hidden) || reads(assignment.to(), derived)) {
        derived.add(assignment.field());
      } else {
        derived.remove(assignment.field());
      }
    }
    return derived;
  }

  /**
   * The fields that hold hidden values, or what was computed of them, behind some steps: rather too
   * many, for a step may be of another table.
   */
  static Set<String> behind(List<Step> steps, Set<String> hidden) {
    Set<String> behind = new HashSet<>(hidden);
    for (Step step : steps) {
      if (step.set() != null) {
        behind.addAll(fields(step.set(), behind));
      }
      if (step.rename() != null) {
        step.rename().stream()
            .filter(rename -> behind.contains(rename.from()))
            .toList()
            .forEach(rename -> behind.add(rename.to()));
      }
    }
    return behind;
  }

  /** Whether an expression reads one of some fields. */
  static boolean reads(String expression, Collection<String> fields) {
    return !fields.isEmpty()
        && (Derivation.readsWhole(expression)
            || (fields.contains(Provenance.EVERY_FIELD) && expression.contains("record"))
            || fields.stream().anyMatch(field -> mentions(expression, field)));
  }

  private static boolean mentions(String expression, String field) {
    return Pattern.compile("(?<![\\p{L}\\p{N}_])" + Pattern.quote(field) + "(?![\\p{L}\\p{N}_])")
        .matcher(expression)
        .find();
  }
}
