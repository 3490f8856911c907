package dev.drover.operator.scaling;

/**
 * How many workers a stage gets.
 *
 * @param stage its name
 * @param replicas workers
 * @param reason why that many, for people
 */
public record StageScale(String stage, int replicas, String reason) {}
