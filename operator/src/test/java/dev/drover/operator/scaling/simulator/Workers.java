package dev.drover.operator.scaling.simulator;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/** The workers of a stage: those that are ready, and those that are coming. */
final class Workers {
  /** A cluster starts no more pods a second, whoever asks. */
  private static final int STARTS_PER_SECOND = 100;

  private static final double RESTART_SECONDS = 10;

  /** For as long as that those who are to leave have their share of a rate. */
  private static final double SHARING_SECONDS = 32;

  private record Coming(double readyAt, int count) {}

  private record Wanted(double at, int count) {}

  private final SimulatedStage stage;
  private final Random random;
  private final List<Coming> coming = new ArrayList<>();
  private final List<Wanted> wanted = new ArrayList<>();
  private int ready;
  private int desired;
  private double startedUntil;

  Workers(SimulatedStage stage, Random random) {
    this.stage = stage;
    this.random = random;
  }

  int ready() {
    return ready;
  }

  int desired() {
    return desired;
  }

  /** Workers among whom a rate is shared: those that are wanted now, or were a while ago. */
  int sharers(double now) {
    wanted.removeIf(w -> now - w.at() > SHARING_SECONDS);
    return Math.max(1, wanted.stream().mapToInt(Wanted::count).max().orElse(desired));
  }

  void want(int replicas, double now) {
    wanted.add(new Wanted(now, replicas));
    int there = ready + coming.stream().mapToInt(Coming::count).sum();
    desired = replicas;
    if (replicas > there) {
      start(replicas - there, now);
    }
    for (int i = coming.size() - 1; i >= 0 && there > replicas; i--) {
      Coming last = coming.remove(i);
      int kept = Math.max(0, last.count() - (there - replicas));
      there -= last.count() - kept;
      if (kept > 0) {
        coming.add(i, new Coming(last.readyAt(), kept));
      }
    }
    ready = Math.min(ready, replicas);
  }

  private void start(int count, double now) {
    startedUntil = Math.max(startedUntil, now);
    for (int left = count; left > 0; ) {
      int some = Math.min(left, STARTS_PER_SECOND / 2);
      double takes = stage.startSeconds() * (0.8 + 0.4 * random.nextDouble());
      coming.add(new Coming(startedUntil + takes, some));
      startedUntil += (double) some / STARTS_PER_SECOND;
      left -= some;
    }
  }

  /**
   * Lets time pass.
   *
   * @return workers that died
   */
  int pass(double now, double seconds) {
    for (int i = coming.size() - 1; i >= 0; i--) {
      if (coming.get(i).readyAt() <= now) {
        ready += coming.remove(i).count();
      }
    }
    double expected = ready * seconds / stage.crashSeconds();
    int died = (int) expected + (random.nextDouble() < expected - (int) expected ? 1 : 0);
    if (died > 0) {
      ready -= died;
      coming.add(new Coming(now + RESTART_SECONDS + stage.startSeconds(), died));
    }
    return died;
  }
}
