package dev.drover.operator.scaling;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.ToIntFunction;

/**
 * Shares a connection's slots among the stages that use it. First one worker each, those with a
 * backlog before those that only wait for one, downstream before upstream: so a queue is emptied
 * before it is filled further, and a cap of one still moves on. Then as many as each has at least.
 * Then the rest in turns. Pure.
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
    int free = inTurns(order, slots, granted, s -> Math.min(1, wish(wishes, s)));
    for (StageObservation stage : order) {
      int floor = Math.min(stage.bounds().minReplicas(), wish(wishes, stage));
      free = inTurns(List.of(stage), free, granted, s -> floor);
    }
    // A backlog that comes and goes with each burst would move the last worker to and fro.
    inTurns(sharers.reversed(), free, granted, s -> wish(wishes, s));
  }

  private static int wish(Map<String, StagePolicy.Wish> wishes, StageObservation stage) {
    StagePolicy.Wish wish = wishes.get(stage.stage());
    return wish == null ? 0 : wish.replicas();
  }

  /** Gives one after another until each has what is meant for it; what is left then. */
  private static int inTurns(
      List<StageObservation> order,
      int slots,
      Map<String, Integer> granted,
      ToIntFunction<StageObservation> upTo) {
    int free = slots;
    boolean gave = true;
    while (free > 0 && gave) {
      gave = false;
      for (StageObservation stage : order) {
        int has = granted.getOrDefault(stage.stage(), 0);
        if (free > 0 && has < upTo.applyAsInt(stage)) {
          granted.put(stage.stage(), has + 1);
          free--;
          gave = true;
        }
      }
    }
    return free;
  }

  private static boolean hasBacklog(StageObservation stage) {
    return stage.work() != null && stage.work().any();
  }
}
