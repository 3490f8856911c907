package dev.drover.operator.scaling.simulator;

import java.util.ArrayList;
import java.util.List;

/**
 * What the workers of a stage hold that works in whole batches: each takes as many as it may hold
 * of what is there, does some of them at a time, and has nothing to show for one that is not done.
 */
final class Hands {
  /** As many as a worker of a transform holds. */
  private static final int HELD = 4;

  /** A worker that is taken away ends what it has begun, if it can in that time. */
  private static final double GRACE_SECONDS = 290;

  private static final class Hand {
    private final List<Batch> batches = new ArrayList<>();
    private double until = Double.POSITIVE_INFINITY;
  }

  private static final class Batch {
    private final double records;
    private double done;

    private Batch(double records) {
      this.records = records;
    }
  }

  private final double batch;
  private final int atATime;
  private final List<Hand> hands = new ArrayList<>();
  private final List<Hand> leaving = new ArrayList<>();

  /**
   * Nobody's yet.
   *
   * @param batch records of a batch
   * @param atATime batches that a worker does at a time
   */
  Hands(double batch, int atATime) {
    this.batch = batch;
    this.atATime = atATime;
  }

  /** Records that are held. */
  double records() {
    return all().stream().mapToDouble(Hands::records).sum();
  }

  /** Batches that are held. */
  long batches() {
    return all().stream().mapToLong(h -> h.batches.size()).sum();
  }

  /** The hands of workers that died: what they held, and none of it done. */
  double lose(int died) {
    double lost = 0;
    for (int i = 0; i < died && !hands.isEmpty(); i++) {
      lost += records(hands.removeFirst());
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
        hand.batches.add(new Batch(some));
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
      int together = Math.min(atATime, hand.batches.size());
      for (int i = together - 1; i >= 0; i--) {
        Batch some = hand.batches.get(i);
        some.done += share / together;
        if (some.done >= some.records - 1e-6) {
          hand.batches.remove(i);
          done += some.records;
        }
      }
    }
    return done;
  }

  /** Records that those give back whose time to leave has come. */
  double givenBack(double now) {
    double back = 0;
    for (int i = leaving.size() - 1; i >= 0; i--) {
      Hand hand = leaving.get(i);
      while (hand.batches.size() > atATime) {
        back += hand.batches.removeLast().records;
      }
      if (hand.batches.isEmpty() || now >= hand.until) {
        back += records(hand);
        leaving.remove(i);
      }
    }
    return back;
  }

  private static double records(Hand hand) {
    return hand.batches.stream().mapToDouble(b -> b.records).sum();
  }

  private List<Hand> all() {
    List<Hand> all = new ArrayList<>(hands);
    all.addAll(leaving);
    return all;
  }
}
