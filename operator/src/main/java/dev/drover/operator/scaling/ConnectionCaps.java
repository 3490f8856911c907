package dev.drover.operator.scaling;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Shares a connection's slots among the stages that use it. First one worker each, those with a
 * backlog before those that only wait for one, downstream before upstream: so a queue is emptied
 * before it is filled further, and a cap of one still moves on. Then the rest in turns. Pure.
 */
final class ConnectionCaps {
  private ConnectionCaps() {}

  /** Workers of each stage that uses a connection with a cap; others are not in the result. */
  static Map<String, Integer> grant(
      List<StageObservation> stages,
      Map<String, StagePolicy.Wish> wishes,
      Map<String, Integer> caps) {
    Map<String, Integer> granted = new LinkedHashMap<>();
    caps.forEach(
        (connection, cap) -> {
          List<StageObservation> sharers =
              stages.stream().filter(s -> connection.equals(s.connection())).toList();
          share(sharers, wishes, cap / ScalingPolicy.CONNECTIONS_PER_WORKER, granted);
        });
    return granted;
  }

  private static void share(
      List<StageObservation> sharers,
      Map<String, StagePolicy.Wish> wishes,
      int slots,
      Map<String, Integer> granted) {
    List<StageObservation> order = new ArrayList<>(sharers.reversed());
    order.sort(Comparator.comparing(s -> !hasBacklog(s)));
    order.forEach(s -> granted.put(s.stage(), 0));
    int free = slots;
    boolean gave = true;
    while (free > 0 && gave) {
      gave = false;
      for (StageObservation stage : order) {
        StagePolicy.Wish wish = wishes.get(stage.stage());
        int has = granted.getOrDefault(stage.stage(), 0);
        if (wish != null && free > 0 && has < wish.replicas()) {
          granted.put(stage.stage(), has + 1);
          free--;
          gave = true;
        }
      }
    }
  }

  private static boolean hasBacklog(StageObservation stage) {
    return stage.work() != null && stage.work().any();
  }
}
