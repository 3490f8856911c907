package dev.drover.operator.scaling.simulator;

import java.util.function.DoublePredicate;
import java.util.function.DoubleUnaryOperator;

/**
 * A stage as the world is, not as scaling sees it.
 *
 * @param name its name
 * @param perWorker records a second of one worker, at a time
 * @param startSeconds from the wish for a worker until it is ready
 * @param sinkRate records a second that what it writes to bears, of all workers together
 * @param maxReplicas the most workers
 * @param outputRecords records that its own queue holds
 * @param crashSeconds how long a worker lives on average
 * @param down whether it can do nothing at a time
 * @param batchRecords records of a batch, which are counted when all of them are done; 0 if records
 *     flow like a liquid
 * @param atATime batches that a worker does at a time
 * @param messageRecords records of a message, where they flow like a liquid
 * @param rateCap records a second that all workers together may do, at a time; 0 for no limit
 */
record SimulatedStage(
    String name,
    DoubleUnaryOperator perWorker,
    double startSeconds,
    double sinkRate,
    int maxReplicas,
    double outputRecords,
    double crashSeconds,
    DoublePredicate down,
    double batchRecords,
    int atATime,
    double messageRecords,
    DoubleUnaryOperator rateCap) {
  private static final double RECORDS_PER_MESSAGE = 8_000;

  static SimulatedStage of(String name, double perWorker, double startSeconds, int maxReplicas) {
    return new SimulatedStage(
        name,
        t -> perWorker,
        startSeconds,
        Double.POSITIVE_INFINITY,
        maxReplicas,
        Double.POSITIVE_INFINITY,
        Double.POSITIVE_INFINITY,
        t -> false,
        0,
        1,
        RECORDS_PER_MESSAGE,
        t -> 0);
  }

  SimulatedStage perWorker(DoubleUnaryOperator speed) {
    return new SimulatedStage(
        name,
        speed,
        startSeconds,
        sinkRate,
        maxReplicas,
        outputRecords,
        crashSeconds,
        down,
        batchRecords,
        atATime,
        messageRecords,
        rateCap);
  }

  SimulatedStage sinkRate(double rate) {
    return new SimulatedStage(
        name,
        perWorker,
        startSeconds,
        rate,
        maxReplicas,
        outputRecords,
        crashSeconds,
        down,
        batchRecords,
        atATime,
        messageRecords,
        rateCap);
  }

  SimulatedStage outputRecords(double records) {
    return new SimulatedStage(
        name,
        perWorker,
        startSeconds,
        sinkRate,
        maxReplicas,
        records,
        crashSeconds,
        down,
        batchRecords,
        atATime,
        messageRecords,
        rateCap);
  }

  SimulatedStage crashSeconds(double seconds) {
    return new SimulatedStage(
        name,
        perWorker,
        startSeconds,
        sinkRate,
        maxReplicas,
        outputRecords,
        seconds,
        down,
        batchRecords,
        atATime,
        messageRecords,
        rateCap);
  }

  SimulatedStage down(DoublePredicate when) {
    return new SimulatedStage(
        name,
        perWorker,
        startSeconds,
        sinkRate,
        maxReplicas,
        outputRecords,
        crashSeconds,
        when,
        batchRecords,
        atATime,
        messageRecords,
        rateCap);
  }

  SimulatedStage batches(double records, int together) {
    return new SimulatedStage(
        name,
        perWorker,
        startSeconds,
        sinkRate,
        maxReplicas,
        outputRecords,
        crashSeconds,
        down,
        records,
        together,
        messageRecords,
        rateCap);
  }

  SimulatedStage messages(double records) {
    return new SimulatedStage(
        name,
        perWorker,
        startSeconds,
        sinkRate,
        maxReplicas,
        outputRecords,
        crashSeconds,
        down,
        batchRecords,
        atATime,
        records,
        rateCap);
  }

  SimulatedStage rateCap(DoubleUnaryOperator recordsPerSecond) {
    return new SimulatedStage(
        name,
        perWorker,
        startSeconds,
        sinkRate,
        maxReplicas,
        outputRecords,
        crashSeconds,
        down,
        batchRecords,
        atATime,
        messageRecords,
        recordsPerSecond);
  }
}
