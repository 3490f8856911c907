package dev.drover.worker.slots;

/**
 * What the names of an endpoint's sessions have in common. Pure.
 *
 * @param endpoint hash of the endpoint
 * @param installation id of the bucket of slots: who has another counts his sessions apart, with
 *     the same numbers
 */
record SlotMark(String endpoint, String installation) {
  /** Digits of an installation's id. */
  static final int INSTALLATION = 6;

  String text() {
    return endpoint + installation;
  }
}
