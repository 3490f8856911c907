package dev.drover.wire.budget;

import java.util.Comparator;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * How many records of a stage may fail. Immutable.
 *
 * @param maxRecords the most records that may fail; null for any number
 * @param maxPercent the most of 100 records that may fail; null for any share
 * @param minRecords how many records must be counted before the share is judged
 * @param windowSeconds over what time is counted; null for all since the budget began
 * @param per whose failures are counted together
 */
public record BudgetTerms(
    @Nullable Long maxRecords,
    @Nullable Integer maxPercent,
    long minRecords,
    @Nullable Integer windowSeconds,
    Scope per) {

  /** Whose failures are counted together. */
  public enum Scope {
    /** All failures of the stage. */
    Stage,
    /** The failures of each cause by itself. */
    Fingerprint
  }

  /** Which of the limits was exceeded. */
  public enum Limit {
    /** {@link BudgetTerms#maxRecords}. */
    maxRecords,
    /** {@link BudgetTerms#maxPercent}. */
    maxPercent
  }

  /**
   * That too many have failed.
   *
   * @param limit which limit was exceeded
   * @param allowed what it allows
   * @param records records that were counted
   * @param failed of these, failures that were counted together: all, or those of the cause
   * @param fingerprint the cause with the most failures
   * @param ofCause how many it has
   */
  public record Excess(
      Limit limit, long allowed, long records, long failed, String fingerprint, long ofCause) {
    /**
     * The numbers, for people: {@code 51 of 1000 records failed, more than maxPercent 5 allows}.
     */
    public String text() {
      return failed
          + " of "
          + records
          + " records failed, more than "
          + limit
          + " "
          + allowed
          + " allows";
    }
  }

  /**
   * Judges what was counted. Pure: whoever counts the same comes to the same.
   *
   * @param records records that the stage received
   * @param failures how many of them failed, by the fingerprint of the cause
   * @return empty while the budget holds
   */
  public Optional<Excess> judge(long records, Map<String, Long> failures) {
    Optional<Map.Entry<String, Long>> most =
        failures.entrySet().stream()
            .max(
                Map.Entry.<String, Long>comparingByValue()
                    .thenComparing(Map.Entry.comparingByKey(Comparator.reverseOrder())));
    if (most.isEmpty()) {
      return Optional.empty();
    }
    long ofCause = most.get().getValue();
    long failed =
        switch (per) {
          case Stage -> failures.values().stream().mapToLong(Long::longValue).sum();
          case Fingerprint -> ofCause;
        };
    String cause = most.get().getKey();
    if (maxRecords != null && failed > maxRecords) {
      return Optional.of(new Excess(Limit.maxRecords, maxRecords, records, failed, cause, ofCause));
    }
    if (maxPercent != null && records >= minRecords && failed * 100 > maxPercent * records) {
      return Optional.of(new Excess(Limit.maxPercent, maxPercent, records, failed, cause, ofCause));
    }
    return Optional.empty();
  }
}
