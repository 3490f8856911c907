package dev.drover.operator.scaling;

import dev.drover.operator.scaling.StageObservation.Work;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * How many workers each stage of a migration gets: what {@link StagePolicy} wishes for it, no more
 * than its connection bears. Pure: the same observation, history and time give the same decision.
 */
public final class ScalingPolicy {
  /** Connections that one worker opens: an extract's reader, a load's writer. */
  public static final int CONNECTIONS_PER_WORKER = 1;

  /** In which a pod hears of it that it is to end. */
  private static final long HEARD_SECONDS = 2;

  private ScalingPolicy() {}

  /**
   * Decides for all stages of a migration.
   *
   * @param stages every stage, upstream before downstream
   * @param caps the most connections of each connection, by its name
   * @param grace how long a pod may take to end
   * @param history what the last decision left; {@link ScalingHistory#NONE} before the first
   */
  public static Decision decide(
      List<StageObservation> stages,
      Map<String, Integer> caps,
      Duration grace,
      ScalingHistory history,
      Instant now) {
    double at = history.at(now);
    Map<String, StageObservation> byName = new LinkedHashMap<>();
    stages.forEach(s -> byName.put(s.stage(), s));
    Map<String, StagePolicy.Wish> wishes = new LinkedHashMap<>();
    Map<String, StageHistory> histories = new LinkedHashMap<>();
    for (StageObservation stage : stages) {
      StageHistory before = history.stages().getOrDefault(stage.stage(), StageHistory.start(at));
      StageHistory seen = look(stage, history.continuous(now) ? before : before.afterGap(at), at);
      StagePolicy.Wish wish = StagePolicy.decide(stage, expecting(stage, byName), seen, at);
      wishes.put(stage.stage(), wish);
    }
    Map<String, Integer> granted = ConnectionCaps.grant(stages, wishes, caps);
    List<StageScale> scales = new ArrayList<>();
    for (StageObservation stage : stages) {
      StagePolicy.Wish wish = Objects.requireNonNull(wishes.get(stage.stage()));
      StageScale scale = scale(stage, wish, granted, caps);
      StageHistory given =
          wish.history().granted(at, scale.replicas(), grace.toSeconds() + HEARD_SECONDS);
      histories.put(stage.stage(), given);
      scales.add(
          scale.sharing(
              Math.max(given.taking(at), stage.ready()), Math.max(given.atWork(), stage.ready())));
    }
    return new Decision(scales, new ScalingHistory(now, at, histories));
  }

  private static StageScale scale(
      StageObservation stage,
      StagePolicy.Wish wish,
      Map<String, Integer> granted,
      Map<String, Integer> caps) {
    int replicas = granted.getOrDefault(stage.stage(), wish.replicas());
    if (replicas == wish.replicas()) {
      return new StageScale(stage.stage(), replicas, wish.reason(), wish.message());
    }
    return new StageScale(
        stage.stage(),
        replicas,
        Reason.ConnectionCap,
        wish.message()
            + "; held at "
            + replicas
            + " by maxConnections "
            + caps.get(stage.connection())
            + " of connection "
            + stage.connection());
  }

  private static StageHistory look(StageObservation stage, StageHistory history, double at) {
    Work work = stage.work();
    if (work == null || stage.halt() != null) {
      return history.afterGap(at);
    }
    boolean busy = stage.ready() > 0 && work.any() && !work.finishing();
    return history.seen(
        new Sample(
            at,
            work.arrived(),
            work.completed(),
            stage.ready(),
            busy && saturated(stage, work, history, at),
            stage.atHand(work).units(),
            work.units() > work.inFlight(),
            work.batchRecords(),
            stage.handRecords(work)),
        busy);
  }

  /** Whether every worker surely has work, and nothing but the workers bounds what is done. */
  private static boolean saturated(
      StageObservation stage, Work work, StageHistory history, double at) {
    long each = stage.reads() ? 1 : 2;
    Work hand = stage.atHand(work);
    boolean enough =
        hand.units() >= each * stage.ready()
            && (stage.reads()
                || hand.records() >= stage.ready() * history.capacity().perWorker()
                || neverRanOut(work, history));
    return enough
        && !throttled(stage, history, at)
        && !Hindrance.told(stage, work)
        && !Hindrance.keepsReadersIdle(stage, work)
        && !Hindrance.retryStorm(stage, work)
        && work.outputPercent() < StagePolicy.FILLING_PERCENT;
  }

  /**
   * Whether some of what waited at the last look still waits: then nobody was without work since,
   * however fast workers were thought to be. Else a stage that has become slow would be believed to
   * be fast for as long as its queue is too short for that.
   */
  private static boolean neverRanOut(Work work, StageHistory history) {
    if (history.samples().isEmpty() || work.units() <= work.inFlight()) {
      return false;
    }
    long waiting = work.records() - work.inFlight() * work.batchRecords();
    return waiting > work.arrived() - history.samples().getLast().arrived();
  }

  /** Whether it does what its rate lets it: those who are leaving still have a share of that. */
  private static boolean throttled(StageObservation stage, StageHistory history, double at) {
    double cap = stage.bounds().recordsPerSecond();
    double share = (double) stage.ready() / Math.max(stage.ready(), history.shared(at));
    return cap > 0 && Rates.of(history.samples()).completion() >= 0.8 * cap * share;
  }

  /** Whether anything may reach the stage soon: one before it has work and may do it. */
  private static boolean expecting(StageObservation stage, Map<String, StageObservation> byName) {
    if (stage.reads()) {
      return stage.work() != null && !stage.work().done();
    }
    @Nullable StageObservation from = byName.get(stage.from());
    if (from == null || from.halt() != null) {
      return false;
    }
    return (from.work() != null && from.work().any()) || expecting(from, byName);
  }

  /**
   * What was decided.
   *
   * @param stages one for each observation, in its order
   * @param history what the next decision needs to know
   */
  public record Decision(List<StageScale> stages, ScalingHistory history) {
    public Decision {
      stages = List.copyOf(stages);
    }
  }
}
