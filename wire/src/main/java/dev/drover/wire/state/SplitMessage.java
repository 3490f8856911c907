package dev.drover.wire.state;

import dev.drover.wire.plan.KeyRange;

/**
 * Tells an extract worker to read a split.
 *
 * @param table source table, {@code schema.table}
 * @param number of the split, see {@link dev.drover.wire.names.SplitId}
 * @param range its keys; the first claim writes them into the checkpoint, which holds from then on
 * @param revision the plan that has the table's schema and key
 */
public record SplitMessage(String table, String number, KeyRange range, String revision) {}
