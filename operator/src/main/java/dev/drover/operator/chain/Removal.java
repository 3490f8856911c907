package dev.drover.operator.chain;

import java.util.Set;

/**
 * What has to be known of stages that may have to be drained. Immutable.
 *
 * @param standing stages that may not run now: no queue is closed for one to be drained by it
 * @param abandoned stages that are not drained if they go, nor those behind them
 */
public record Removal(Set<String> standing, Set<String> abandoned) {
  /** Where every stage may run, and all that goes is drained. */
  public static final Removal DRAINED = new Removal(Set.of(), Set.of());

  public Removal {
    standing = Set.copyOf(standing);
    abandoned = Set.copyOf(abandoned);
  }
}
