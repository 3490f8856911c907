package dev.drover.operator.scaling;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * How many workers each stage gets: as many as its backlog calls for, between its bounds, no more
 * than its connection can bear; none when nothing is left; what it has when nothing is known. Pure.
 *
 * <p>Downwards it hesitates: a worker is given back only when half of what the smaller number could
 * take on is not used, so that a backlog around a threshold starts and stops nobody.
 */
public final class ScalingPolicy {
  /** Connections that one worker opens: an extract's reader, a load's writer. */
  public static final int CONNECTIONS_PER_WORKER = 1;

  /** Records in the backlog for which one worker is called. */
  static final long RECORDS_PER_WORKER = 50_000;

  /** Messages in the backlog for which one worker is called, where their records are not known. */
  static final long MESSAGES_PER_WORKER = 8;

  private ScalingPolicy() {}

  /**
   * Decides for all stages of a migration.
   *
   * @param stages every stage, upstream before downstream
   * @param caps the most connections of each connection, by its name
   */
  public static List<StageScale> decide(List<StageLoad> stages, Map<String, Integer> caps) {
    Map<String, Wish> wishes = new LinkedHashMap<>();
    stages.forEach(s -> wishes.put(s.stage(), wish(s)));
    Map<String, Integer> granted = ConnectionCaps.grant(stages, wishes, caps);
    List<StageScale> decisions = new ArrayList<>();
    for (StageLoad stage : stages) {
      Wish wish = wishes.getOrDefault(stage.stage(), new Wish(0, ""));
      int replicas = granted.getOrDefault(stage.stage(), wish.replicas());
      decisions.add(new StageScale(stage.stage(), replicas, reason(stage, wish, replicas, caps)));
    }
    return decisions;
  }

  private static Wish wish(StageLoad stage) {
    StageLoad.Backlog backlog = stage.backlog();
    if (backlog == null) {
      return new Wish(
          Math.min(stage.current(), stage.maxReplicas()), "backlog not known, nothing is changed");
    }
    if (backlog.over()) {
      return new Wish(0, "nothing left");
    }
    int floor = Math.max(1, stage.minReplicas());
    int called = Math.clamp(calledFor(stage, backlog), floor, stage.maxReplicas());
    int current = Math.clamp(stage.current(), floor, stage.maxReplicas());
    boolean hesitate = called < current && !slack(stage, backlog, current - 1);
    return new Wish(hesitate ? current : called, backlogText(stage, backlog));
  }

  private static long calledFor(StageLoad stage, StageLoad.Backlog backlog) {
    if (stage.reads()) {
      return backlog.messages();
    }
    return backlog.records() > 0
        ? Math.ceilDiv(backlog.records(), RECORDS_PER_WORKER)
        : Math.ceilDiv(backlog.messages(), MESSAGES_PER_WORKER);
  }

  private static boolean slack(StageLoad stage, StageLoad.Backlog backlog, int fewer) {
    return stage.reads() || backlog.records() * 2 <= fewer * RECORDS_PER_WORKER;
  }

  private static String backlogText(StageLoad stage, StageLoad.Backlog backlog) {
    if (stage.reads()) {
      return backlog.messages() == 0 ? "splits to come" : backlog.messages() + " splits left";
    }
    if (backlog.messages() == 0 && backlog.records() == 0) {
      return "no backlog, more to come";
    }
    return backlog.records() > 0
        ? "backlog " + backlog.records() + " records"
        : "backlog " + backlog.messages() + " messages";
  }

  private static String reason(
      StageLoad stage, Wish wish, int replicas, Map<String, Integer> caps) {
    String text = wish.because();
    if (replicas > 0 || wish.replicas() > 0) {
      text += ", " + replicas + " of at most " + stage.maxReplicas() + " workers";
    }
    if (replicas < wish.replicas()) {
      text +=
          "; "
              + wish.replicas()
              + " wanted, held lower by maxConnections "
              + caps.get(stage.connection())
              + " of connection "
              + stage.connection();
    }
    return text;
  }

  /**
   * What a stage would have if it were alone.
   *
   * @param replicas workers
   * @param because why
   */
  record Wish(int replicas, String because) {}
}
