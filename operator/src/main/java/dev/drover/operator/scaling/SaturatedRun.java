package dev.drover.operator.scaling;

import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The latest looks in a row at which about as many workers all had work and nothing else held them
 * back: what they completed meanwhile is what they can do. Batches are counted whole, when they are
 * done. So N workers that completed R records in T seconds, and hold h records each, did between
 * {@code R − Nh} and {@code R + Nh}: each may have had nearly all of that done at the start, and
 * may have at the end. Hence at most {@code (R / N + h) / T} a worker, which is {@code h / T} while
 * nothing is done; and about {@code R / (N T)} once each has done that often enough. Immutable.
 *
 * @param looks the latest last
 * @param begun whether it was seen to begin: its workers came, or came by work, at its first look
 */
record SaturatedRun(List<Sample> looks, boolean begun) {
  private static final double LEARN_SECONDS = 5;
  private static final double LEARN_WITHIN_SECONDS = 20;
  private static final int LEARN_JUMPS = 3;

  /** How often each worker must have done as much as it holds. */
  private static final int LEARN_HANDS = 2;

  /** Batches that each must have done where every look since they began saw some. */
  private static final int LEARN_BATCHES = 3;

  /**
   * Within that a fast stage has completed something: who starts cold is not taken for one that is
   * slow.
   */
  private static final double SLOW_SECONDS = 10;

  /** Records a second that so many workers did together. */
  record Measure(double workers, double rate) {}

  SaturatedRun {
    looks = List.copyOf(looks);
  }

  /**
   * The run that ends with the last look; empty if that is none of it.
   *
   * @param settledAt since when about as many workers are ready
   */
  static SaturatedRun latest(List<Sample> samples, double settledAt) {
    int from = samples.size();
    while (from > 0
        && samples.get(from - 1).saturated()
        && samples.get(from - 1).at() >= settledAt) {
      from--;
    }
    return new SaturatedRun(samples.subList(from, samples.size()), from > 0);
  }

  /**
   * What was done over the latest looks that are enough to go by; empty if all are not. More looks
   * than that are no better where they are long ago.
   */
  Optional<Measure> measure() {
    double each = enoughEach();
    @Nullable Measure measure = null;
    int jumps = 0;
    long ready = looks.isEmpty() ? 0 : looks.getLast().ready();
    for (int i = looks.size() - 2; i >= 0; i--) {
      if (measure != null && seconds(i) > LEARN_WITHIN_SECONDS) {
        break;
      }
      jumps += moved(i) ? 1 : 0;
      ready += looks.get(i).ready();
      double workers = (double) ready / (looks.size() - i);
      if (jumps >= LEARN_JUMPS
          && seconds(i) >= LEARN_SECONDS
          && done(i) >= each * workers
          && startsWell(i)) {
        measure = new Measure(workers, done(i) / seconds(i));
      }
    }
    return Optional.ofNullable(measure);
  }

  /**
   * Records that each worker must have done. Workers that began together end together: what they
   * then end at once says little. Only where none was ever waited for it surely is not so.
   */
  private double enoughEach() {
    boolean always = begun;
    for (int i = 0; always && i < looks.size() - 1; i++) {
      always = moved(i);
    }
    return always ? LEARN_BATCHES * batch() : LEARN_HANDS * hand();
  }

  /** Slow batches are counted from the end of one on: before it, it would be one too many. */
  private boolean startsWell(int look) {
    return (look > 0 && moved(look - 1)) || batch() == 0 || seconds(look) <= LEARN_WITHIN_SECONDS;
  }

  /** Whether anything was completed between a look and the next. */
  private boolean moved(int look) {
    return looks.get(look).completed() < looks.get(look + 1).completed();
  }

  /** What was done over all looks, if that is a batch for each worker; empty if it is not. */
  Optional<Measure> whole() {
    if (looks.size() < 2 || seconds(0) < LEARN_SECONDS || done(0) == 0) {
      return Optional.empty();
    }
    double workers = looks.stream().mapToInt(Sample::ready).average().orElse(0);
    return done(0) >= batch() * workers
        ? Optional.of(new Measure(workers, done(0) / seconds(0)))
        : Optional.empty();
  }

  /**
   * Records a second that a worker does at most, by the first of them and for as long as nothing is
   * completed, though others came meanwhile; infinite if that cannot be told.
   */
  static double mostInSilence(List<Sample> samples) {
    Sample first = samples.getLast();
    for (Sample s : samples.reversed()) {
      if (!s.saturated()
          || !s.laden()
          || s.completed() < first.completed()
          || s.ready() > first.ready()) {
        break;
      }
      first = s;
    }
    double seconds = samples.getLast().at() - first.at();
    double hand = Math.max(first.handRecords(), samples.getLast().handRecords());
    return seconds >= SLOW_SECONDS && hand > 0 ? hand / seconds : Double.POSITIVE_INFINITY;
  }

  /** Records a second that a worker does at most; infinite if that cannot be told. */
  double most() {
    double hand = hand();
    double most = Double.POSITIVE_INFINITY;
    long ready = 0;
    for (int i = looks.size() - 1; hand > 0 && i >= 0 && looks.get(i).laden(); i--) {
      ready += looks.get(i).ready();
      double workers = (double) ready / (looks.size() - i);
      if (seconds(i) >= SLOW_SECONDS) {
        most = Math.min(most, (done(i) / workers + hand) / seconds(i));
      }
    }
    return most;
  }

  /** Records of a batch; the largest average, as one too small would bound too low. */
  private double batch() {
    return looks.stream().mapToLong(Sample::batchRecords).max().orElse(0);
  }

  /** Records that each worker holds. */
  private double hand() {
    return looks.stream().mapToDouble(Sample::handRecords).max().orElse(0);
  }

  private double done(int from) {
    return looks.getLast().completed() - looks.get(from).completed();
  }

  private double seconds(int from) {
    return looks.getLast().at() - looks.get(from).at();
  }
}
