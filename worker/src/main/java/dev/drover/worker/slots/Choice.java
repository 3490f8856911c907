package dev.drover.worker.slots;

/** What somebody who wants a slot does. */
sealed interface Choice {
  /** Takes a number that is free. */
  record Free(int number) implements Choice {}

  /**
   * Takes a slot over whose session must be gone by now, since nobody is there to ask the server;
   * and asks it first of all.
   */
  record TakeOver(SlotTable.Taken taken) implements Choice {}

  /**
   * Waits.
   *
   * @param why for people
   */
  record Wait(String why) implements Choice {}
}
