package dev.drover.wire.decision;

/**
 * The verdict of one record of a batch.
 *
 * @param index the record's index within the batch as this stage received it, from 0
 * @param verdict what was decided
 */
public record IndexedVerdict(int index, Verdict verdict) {}
