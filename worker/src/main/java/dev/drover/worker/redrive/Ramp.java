package dev.drover.worker.redrive;

import java.util.List;

/**
 * How many records may go before what became of those before is known. Pure.
 *
 * @param more how many may go now
 * @param afterAll whether only once all that went before are decided
 */
record Ramp(long more, boolean afterAll) {
  /**
   * Where a ramp is.
   *
   * @param steps how many records go in each step; behind the last there is no bound
   * @param sent records that went so far
   */
  static Ramp at(List<Integer> steps, long sent) {
    long begin = 0;
    for (int step : steps) {
      long end = begin + step;
      if (sent < end) {
        return new Ramp(end - sent, sent == begin);
      }
      begin = end;
    }
    return new Ramp(Long.MAX_VALUE, sent == begin);
  }
}
