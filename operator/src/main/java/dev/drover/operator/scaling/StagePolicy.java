package dev.drover.operator.scaling;

import dev.drover.operator.scaling.StageObservation.Bounds;
import dev.drover.operator.scaling.StageObservation.Work;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * How many workers a stage would have if it were alone: {@code (λ + backlog / target) / c} of them,
 * λ being the records that arrive a second and c those that one worker does. More at once, at most
 * doubled every few seconds; fewer only when fewer would have done for a while; and never more
 * where more would not help. Pure.
 */
final class StagePolicy {
  /**
   * Records a second of one worker until it is known better. Rather too high: what is asked for
   * blindly is then too little, and the first of those workers teach the rest.
   */
  static final double ASSUMED_PER_WORKER = 20_000;

  static final double STEP_SECONDS = 3;

  /** The same while nothing was seen to work: as long as most workers need to start. */
  static final double BLIND_STEP_SECONDS = 15;

  static final double DOWN_SECONDS = 30;

  /** The same where two batches take longer, or what workers do is not known. */
  static final double LONGEST_DOWN_SECONDS = 300;

  static final double IDLE_SECONDS = 10;
  static final int FULL_PERCENT = 90;
  static final int FILLING_PERCENT = 70;
  static final int ROOM_PERCENT = 50;

  /** Changes by less than that are not worth a start and a stop. */
  private static final double DEAD_BAND = 0.1;

  private StagePolicy() {}

  /**
   * Decides for one stage.
   *
   * @param expecting whether the stages before it are at work
   * @param history with this look in it
   * @param now in seconds that scaling has watched
   */
  static Wish decide(StageObservation stage, boolean expecting, StageHistory history, double now) {
    Bounds bounds = stage.bounds();
    Work work = stage.work();
    boolean over = work != null && work.done() && !work.any();
    // A window that closes says nothing of a stage that is over, and its status must not move.
    if (stage.halt() != null && !(over && stage.halt().reason() == Reason.OutsideWindow)) {
      return new Wish(0, stage.halt().reason(), stage.halt().message(), history);
    }
    if (work == null) {
      int floor = stage.desired() > 0 ? bounds.minReplicas() : 0;
      int held = Math.clamp(stage.desired(), floor, bounds.maxReplicas());
      return new Wish(held, Reason.NoData, "backlog not known, nothing is changed", history);
    }
    if (over) {
      return new Wish(0, Reason.Done, "nothing left", history);
    }
    Rates rates = Rates.of(history.samples());
    int needed = needed(stage, work, rates, history, expecting, now);
    StageHistory next = history.needed(now, lasting(stage, work, history.capacity(), needed));
    Wish wish = paced(stage, work, rates, needed, next, now);
    return bounded(limited(wish, stage, work, rates, now), stage, work, rates, needed, expecting);
  }

  private static int needed(
      StageObservation stage,
      Work work,
      Rates rates,
      StageHistory history,
      boolean expecting,
      double now) {
    Work hand = stage.atHand(work);
    double rate = rates.arrival() + (double) hand.records() / stage.bounds().targetDrainSeconds();
    if (stage.bounds().recordsPerSecond() > 0) {
      rate = Math.min(rate, stage.bounds().recordsPerSecond());
    }
    double per = history.capacity().reckoned();
    int useful = (int) Math.min(hand.units(), Integer.MAX_VALUE);
    int steady = steady(rates.arrival(), history, now);
    int needed = Math.min(ceil(rate / per), Math.max(useful, steady));
    boolean awake = work.any() || work.finishing() || expecting;
    return Math.max(needed, awake ? 1 : 0);
  }

  /**
   * How many an arrival keeps at work. What one worker does is learned only while all have work: so
   * where nothing has waited for a while, no more than twice as many as had something to do at a
   * time, however slow they once were.
   */
  private static int steady(double arrival, StageHistory history, double now) {
    double most = 2.0 * history.mostAtWork(now, DOWN_SECONDS);
    return ceil(Math.min(arrival / history.capacity().reckoned(), most));
  }

  /** While it is not known what workers do, as many as there are may be needed that have work. */
  private static int lasting(StageObservation stage, Work work, Capacity capacity, int needed) {
    int held = (int) Math.min(stage.atHand(work).units(), stage.desired());
    return capacity.known() ? needed : Math.max(needed, held);
  }

  /** Up in steps, down with hesitation. */
  private static Wish paced(
      StageObservation stage,
      Work work,
      Rates rates,
      int needed,
      StageHistory history,
      double now) {
    int desired = stage.desired();
    if (now - history.progressAt() >= Hindrance.GIVE_UP_SECONDS
        && work.outputPercent() < FILLING_PERCENT
        && Hindrance.ofAll(stage, work)) {
      return new Wish(
          1, Reason.Stalled, "it has not moved on for minutes, one worker tries on", history);
    }
    if (needed > desired && (desired < 10 || needed > desired * (1 + DEAD_BAND))) {
      Wish held = held(stage, work, history, now);
      if (held != null) {
        return held;
      }
      int raised = Math.min(needed, step(desired, stage.ready(), history, now));
      return new Wish(
          raised, Reason.Draining, "", raised > desired ? history.raised(now) : history);
    }
    int most = history.mostNeeded(now, patience(stage, work, history.capacity()), desired);
    int lasting = steady(rates.lastingArrival(), history, now);
    int enough = Math.max(most, Math.min(lasting, desired));
    boolean fewer =
        enough < desired && (desired < 10 || enough < desired * (1 - DEAD_BAND) || enough == 0);
    if (fewer) {
      return new Wish(enough, Reason.Draining, "", history);
    }
    return new Wish(desired, needed < desired ? Reason.Stabilizing : Reason.Draining, "", history);
  }

  /** For how long fewer must have been enough: also as long as two batches take. */
  private static double patience(StageObservation stage, Work work, Capacity capacity) {
    if (!capacity.known()) {
      return work.any() ? LONGEST_DOWN_SECONDS : IDLE_SECONDS;
    }
    int ready = Math.max(1, stage.ready());
    Work hand = stage.atHand(work);
    boolean drained = hand.records() < capacity.perWorker() * ready && hand.units() <= ready;
    double twice = 2 * capacity.secondsFor(work.batchRecords());
    return drained ? IDLE_SECONDS : Math.clamp(twice, DOWN_SECONDS, LONGEST_DOWN_SECONDS);
  }

  /**
   * How many workers may be asked for at once. Before any was seen to work that is a guess; who
   * starts slowly is not waited for, the guess is followed a step further at a time.
   */
  private static int step(int desired, int ready, StageHistory history, double now) {
    double since = now - history.raisedAt();
    Capacity capacity = history.capacity();
    boolean seen = capacity.known() || (capacity.slow() && capacity.provenWorkers() > 0);
    if (seen) {
      return desired == 0
          ? Integer.MAX_VALUE
          : since >= STEP_SECONDS ? Math.max(2 * desired, desired + 2) : desired;
    }
    if (desired < Capacity.FIRST) {
      return Capacity.FIRST;
    }
    return ready == 0 && since >= BLIND_STEP_SECONDS ? 2 * desired : desired;
  }

  /** Why more workers would not help now; null if they might. */
  private static @Nullable Wish held(
      StageObservation stage, Work work, StageHistory history, double now) {
    int held = Math.max(1, stage.desired());
    if (work.outputPercent() >= FILLING_PERCENT) {
      return new Wish(
          held, Reason.DownstreamFull, "its queue is " + work.outputPercent() + " % full", history);
    }
    if (stage.ready() > 0
        && now - history.progressAt() >= Hindrance.stillSeconds(stage, work, history.capacity())) {
      return new Wish(
          held, Reason.Stalled, "it does not move on, more workers would wait too", history);
    }
    if (Hindrance.retryStorm(stage, work)) {
      return new Wish(
          held,
          Reason.RetryStorm,
          work.redelivered() + " of " + work.inFlight() + " messages in work came before",
          history);
    }
    return null;
  }

  /** No more than what can be of use. */
  private static Wish limited(
      Wish wish, StageObservation stage, Work work, Rates rates, double now) {
    Capacity capacity = wish.history().capacity();
    Wish limited = full(wish, stage, work, rates);
    int useful = capacity.useful(now);
    if (useful < limited.replicas()) {
      // Only a ceiling takes workers away; that little is proven yet only keeps from adding.
      boolean proven = capacity.ceiling() > 0;
      int to = proven ? useful : Math.max(useful, Math.min(stage.desired(), limited.replicas()));
      if (to < limited.replicas()) {
        limited =
            new Wish(
                to,
                proven ? Reason.Bottlenecked : Reason.Draining,
                proven ? "more than " + to + " completed no more" : "",
                limited.history());
      }
    }
    long cap = stage.bounds().recordsPerSecond();
    if (cap > 0 && capacity.known()) {
      int enough = Math.max(1, ceil(1.1 * cap / capacity.perWorker()));
      if (enough < limited.replicas()) {
        return new Wish(enough, Reason.RateCap, "maxRecordsPerSecond is " + cap, limited.history());
      }
    }
    return limited;
  }

  /** A stage whose queue is nearly full keeps as many as what leaves the queue calls for. */
  private static Wish full(Wish wish, StageObservation stage, Work work, Rates rates) {
    StageHistory history = wish.history();
    int limit = history.fullLimit();
    if (work.outputPercent() < ROOM_PERCENT) {
      limit = 0;
    } else if (work.outputPercent() >= FULL_PERCENT && history.capacity().known()) {
      int before = limit > 0 ? limit : Math.max(1, stage.desired());
      // Between two batches nothing leaves the queue, and that says nothing.
      boolean told = rates.seconds() > history.capacity().secondsFor(work.batchRecords());
      int enough = ceil(1.25 * rates.completion() / history.capacity().perWorker());
      limit = told ? Math.clamp(enough, 1, before) : before;
    }
    StageHistory next = limit == history.fullLimit() ? history : history.limited(limit);
    return limit == 0 || wish.replicas() <= limit
        ? new Wish(wish.replicas(), wish.reason(), wish.message(), next)
        : new Wish(
            limit, Reason.DownstreamFull, "its queue is " + work.outputPercent() + " % full", next);
  }

  private static Wish bounded(
      Wish wish, StageObservation stage, Work work, Rates rates, int needed, boolean expecting) {
    Bounds bounds = stage.bounds();
    int floor = bounds.minReplicas();
    int replicas = Math.clamp(wish.replicas(), floor, bounds.maxReplicas());
    Reason reason = wish.reason();
    boolean more = reason == Reason.Draining && needed > replicas;
    if (replicas < wish.replicas() || (more && replicas == bounds.maxReplicas())) {
      reason = Reason.MaxReplicas;
    } else if (replicas > wish.replicas()) {
      reason = Reason.MinReplicas;
    } else if (reason == Reason.Draining && !work.any()) {
      reason = work.finishing() ? Reason.Finishing : expecting ? Reason.Expecting : Reason.Idle;
    }
    return new Wish(
        replicas, reason, text(stage, work, rates, wish, replicas, reason), wish.history());
  }

  private static String text(
      StageObservation stage, Work work, Rates rates, Wish wish, int replicas, Reason reason) {
    StringBuilder text = new StringBuilder();
    if (work.finishing()) {
      text.append("all is decided, the target is being finished");
    } else if (!work.any()) {
      text.append(
          reason == Reason.Idle || reason == Reason.Stabilizing
              ? "nothing waits"
              : "nothing waits, more to come");
    } else if (stage.reads()) {
      text.append(work.units()).append(" splits left");
    } else {
      text.append("backlog ").append(work.records()).append(" records");
    }
    Capacity capacity = wish.history().capacity();
    if (work.any() && capacity.known()) {
      text.append(", ").append(rounded(rates.completion())).append(" a second done");
      text.append(", ").append(rounded(capacity.perWorker())).append(" a worker");
    } else if (work.any() && capacity.slow()) {
      text.append(", a worker does at most ").append(rounded(capacity.most())).append(" a second");
    }
    text.append(", ").append(replicas).append(" of at most ");
    text.append(stage.bounds().maxReplicas()).append(" workers");
    if (!wish.message().isEmpty()) {
      text.append("; ").append(wish.message());
    }
    return text.toString();
  }

  /** Two digits say enough, and change seldom. */
  private static String rounded(double rate) {
    if (rate < 100) {
      return String.format(Locale.ROOT, "%.0f", rate);
    }
    double unit = Math.pow(10, Math.floor(Math.log10(rate)) - 1);
    return String.format(Locale.ROOT, "%.0f", Math.round(rate / unit) * unit);
  }

  private static int ceil(double workers) {
    // What is a rounding error above a whole worker needs no other.
    return (int) Math.min(Integer.MAX_VALUE, Math.ceil(workers - 1e-9));
  }

  /**
   * What a stage would have if it were alone.
   *
   * @param history what is to be remembered
   */
  record Wish(int replicas, Reason reason, String message, StageHistory history) {}
}
