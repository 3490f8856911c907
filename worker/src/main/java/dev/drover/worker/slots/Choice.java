package dev.drover.worker.slots;

/** What somebody who wants a slot does. */
sealed interface Choice {
  /** Takes a number that is free. */
  record Free(int number) implements Choice {}

  /** Frees a slot whose session must be gone by now, and chooses again. */
  record Overdue(SlotTable.Taken taken) implements Choice {}

  /**
   * Waits.
   *
   * @param why for people
   */
  record Wait(String why) implements Choice {}
}
