package dev.drover.e2e.chaos;

import org.jspecify.annotations.Nullable;

/**
 * A row of the source as it was at some time: everything in it follows from its id and from how
 * often it was changed, see {@code chaos.make} in bench/chaos.sql. Some versions fail a rule, some
 * are filtered, some are refused by the target.
 */
record Version(long id, int rev) {
  /** What becomes of a version. */
  enum Fate {
    Loaded,
    /** Left out by the transform's filter. */
    Filtered,
    /** Refused by the transform. */
    FailsRule,
    /** Refused by the target of stage load, not by that of stage archive. */
    FailsLoad
  }

  /**
   * What becomes of it.
   *
   * @param rule the number of the rules that judge it: the second are less strict
   */
  Fate fate(int rule) {
    return switch ((int) ((id * 7919 + rev * 104_729L) % 1999)) {
      case 3 -> Fate.Filtered;
      case 5 -> rule == 1 ? Fate.FailsRule : Fate.Loaded;
      case 7 -> Fate.FailsLoad;
      default -> Fate.Loaded;
    };
  }

  /** A row's version, or null for -1, which stands for a row that is not there. */
  static @Nullable Version of(long id, int rev) {
    return rev < 0 ? null : new Version(id, rev);
  }
}
