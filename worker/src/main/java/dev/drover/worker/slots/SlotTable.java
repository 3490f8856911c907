package dev.drover.worker.slots;

import java.time.Duration;
import java.util.List;
import java.util.function.Predicate;

/**
 * The slots of one endpoint and who waits for one, as one worker sees them. Immutable.
 *
 * @param slots those that are taken
 * @param wishes those that wait
 */
record SlotTable(List<Taken> slots, List<Waiting> wishes) {
  /**
   * A slot that is taken.
   *
   * @param number from 0
   * @param revision of its entry in the bucket
   * @param quiet for how long this worker has seen no renewal; only time in which it could have
   */
  record Taken(int number, Slot slot, long revision, Duration quiet) {}

  /**
   * Somebody who waits.
   *
   * @param quiet as of a slot
   * @param age for how long this worker has seen it wait
   */
  record Waiting(Wish wish, Duration quiet, Duration age) {}

  SlotTable {
    slots = List.copyOf(slots);
    wishes = List.copyOf(wishes);
  }

  long count(Predicate<Taken> which) {
    return slots.stream().filter(which).count();
  }
}
