package dev.drover.wire.state;

/**
 * Tells an extract worker to read a split.
 *
 * @param table source table, {@code schema.table}
 * @param number index of the split in the table's plan
 * @param revision the plan that has its range
 */
public record SplitMessage(String table, int number, String revision) {}
