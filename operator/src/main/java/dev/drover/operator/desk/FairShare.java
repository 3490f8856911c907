package dev.drover.operator.desk;

import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Divides a bounded number of places among causes. Pure. */
final class FairShare {
  private FairShare() {}

  /**
   * Gives each cause one place after the other until all its failures have one or no place is left:
   * a rare cause is shown whole, and common ones share what remains.
   *
   * @param failures how many each cause has
   * @param places how many there are in all
   * @return places of each cause that gets any
   */
  static Map<String, Integer> of(Map<String, Long> failures, int places) {
    List<Map.Entry<String, Long>> rarestFirst =
        failures.entrySet().stream()
            .filter(e -> e.getValue() > 0)
            .sorted(
                Map.Entry.<String, Long>comparingByValue(Comparator.naturalOrder())
                    .thenComparing(Map.Entry.comparingByKey()))
            .toList();
    Map<String, Integer> shares = new LinkedHashMap<>();
    int left = places;
    for (int i = 0; i < rarestFirst.size() && left > 0; i++) {
      int causesLeft = rarestFirst.size() - i;
      int even = Math.ceilDiv(left, causesLeft);
      int share = (int) Math.min(rarestFirst.get(i).getValue(), even);
      shares.put(rarestFirst.get(i).getKey(), share);
      left -= share;
    }
    return shares;
  }
}
