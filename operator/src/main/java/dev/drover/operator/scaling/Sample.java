package dev.drover.operator.scaling;

/**
 * One look at a stage.
 *
 * @param at when, in seconds that scaling has watched
 * @param arrived records ever handed to it
 * @param completed records ever decided
 * @param ready workers that were ready
 * @param saturated whether every worker had work and nothing held it back
 * @param units messages or splits that waited or were worked on, without those set aside
 * @param laden whether each surely held as much as it may: more waited than was held
 * @param batchRecords about how many records a batch has that is counted when all of it is done; 0
 *     if that is not known, or records are counted as they are done
 * @param handRecords records of all the batches that a worker holds, and may be at together
 */
record Sample(
    double at,
    long arrived,
    long completed,
    int ready,
    boolean saturated,
    long units,
    boolean laden,
    long batchRecords,
    double handRecords) {}
