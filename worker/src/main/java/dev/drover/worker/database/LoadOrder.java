package dev.drover.worker.database;

import dev.drover.wire.plan.NewTable;
import dev.drover.wire.plan.StageSpec;
import java.util.List;

/**
 * What a load stage is to do at its target.
 *
 * @param stage the stage
 * @param migrationUid by which its notes at the target are told from those of others
 * @param ledger whether decisions are kept at the target; without, a batch that comes twice is
 *     written twice, by its key
 * @param newTables tables to make if they are missing
 * @param targets the tables that it loads, {@code schema.table}
 */
public record LoadOrder(
    StageSpec.Load stage,
    String migrationUid,
    boolean ledger,
    List<NewTable> newTables,
    List<String> targets) {
  public LoadOrder {
    newTables = List.copyOf(newTables);
    targets = List.copyOf(targets);
  }
}
