package dev.drover.operator.scaling.simulator;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;

/**
 * What the workers of a stage hold that works in whole batches: each takes as many as it may hold
 * of what is there, does one after the other, and has nothing to show for one that is not done.
 */
final class Hands {
  /** As many as a worker of a transform holds. */
  private static final int HELD = 4;

  /** A worker that is taken away ends what it can in that time, and gives the rest back. */
  private static final double GRACE_SECONDS = 15;

  private static final class Hand {
    private final Deque<Double> batches = new ArrayDeque<>();
    private double progress;
    private double until = Double.POSITIVE_INFINITY;
  }

  private final double batch;
  private final List<Hand> hands = new ArrayList<>();
  private final List<Hand> leaving = new ArrayList<>();

  Hands(double batch) {
    this.batch = batch;
  }

  /** Records that are held. */
  double records() {
    return all().stream()
        .mapToDouble(h -> h.batches.stream().mapToDouble(Double::doubleValue).sum())
        .sum();
  }

  /** Batches that are held. */
  long batches() {
    return all().stream().mapToLong(h -> h.batches.size()).sum();
  }

  /** The hands of workers that died: what they held, and none of it done. */
  double lose(int died) {
    double lost = 0;
    for (int i = 0; i < died && !hands.isEmpty(); i++) {
      Hand hand = hands.removeFirst();
      lost += hand.batches.stream().mapToDouble(Double::doubleValue).sum();
    }
    return lost;
  }

  /** Has as many workers as are ready; of too many, the youngest leave. */
  void resize(int ready, double now) {
    while (hands.size() > ready) {
      Hand hand = hands.removeLast();
      hand.until = now + GRACE_SECONDS;
      leaving.add(hand);
    }
    while (hands.size() < ready) {
      hands.add(new Hand());
    }
  }

  /**
   * Takes what there is room for.
   *
   * @param queue records that wait
   * @return how many of them were taken
   */
  double take(double queue) {
    double taken = 0;
    for (Hand hand : hands) {
      while (hand.batches.size() < HELD && queue - taken > 1e-6) {
        double some = Math.min(batch, queue - taken);
        hand.batches.add(some);
        taken += some;
      }
    }
    return taken;
  }

  /**
   * Works for a while.
   *
   * @param each records that a worker does in it
   * @param most records that all do in it at most
   * @return records of the batches that were ended
   */
  double work(double each, double most) {
    List<Hand> busy = all().stream().filter(h -> !h.batches.isEmpty()).toList();
    double share = busy.isEmpty() ? 0 : Math.min(each, most / busy.size());
    double done = 0;
    for (Hand hand : busy) {
      hand.progress += share;
      while (!hand.batches.isEmpty() && hand.progress >= hand.batches.getFirst() - 1e-6) {
        double ended = hand.batches.removeFirst();
        hand.progress = hand.batches.isEmpty() ? 0 : hand.progress - ended;
        done += ended;
      }
    }
    return done;
  }

  /** Records that those give back whose time to leave has come. */
  double givenBack(double now) {
    double back = 0;
    for (int i = leaving.size() - 1; i >= 0; i--) {
      Hand hand = leaving.get(i);
      while (hand.batches.size() > 1) {
        back += hand.batches.removeLast();
      }
      if (hand.batches.isEmpty() || now >= hand.until) {
        back += hand.batches.isEmpty() ? 0 : hand.batches.getFirst();
        leaving.remove(i);
      }
    }
    return back;
  }

  private List<Hand> all() {
    List<Hand> all = new ArrayList<>(hands);
    all.addAll(leaving);
    return all;
  }
}
