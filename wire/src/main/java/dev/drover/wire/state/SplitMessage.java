package dev.drover.wire.state;

import dev.drover.wire.plan.KeyRange;

/**
 * Tells an extract worker to read a split.
 *
 * @param table source table, {@code schema.table}
 * @param number index of the split in the table's plan
 * @param range its keys; the first claim writes them into the checkpoint, which holds from then on
 * @param revision the plan that has the table's schema and key
 */
public record SplitMessage(String table, int number, KeyRange range, String revision) {}
