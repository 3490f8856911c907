package dev.drover.operator.chain;

/**
 * What workers of a stage tell of that keeps something waiting.
 *
 * @param workers how many tell of it
 * @param goingOn of these, how many have only set some of it aside, and go on with other work
 * @param aside how many batches these have set aside
 */
public record Hindered(int workers, int goingOn, int aside) {
  /** Nobody tells of anything. */
  public static final Hindered NONE = new Hindered(0, 0, 0);

  /** One more worker; {@code more} is 0 if it goes on with nothing. */
  Hindered and(int more) {
    return new Hindered(workers + 1, goingOn + (more > 0 ? 1 : 0), aside + more);
  }
}
