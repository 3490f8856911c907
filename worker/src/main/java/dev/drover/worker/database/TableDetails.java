package dev.drover.worker.database;

import dev.drover.wire.plan.NewTable.Identity;
import dev.drover.wire.plan.NewTable.NewEnum;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What a source table has beside what its records show: what a copy of it somewhere else is made
 * from. Immutable.
 *
 * @param columns each column by name
 * @param primaryKey its primary key; empty if it has none
 * @param enums the enum types of its columns and of their arrays, by the name that columns give
 */
public record TableDetails(
    Map<String, Details> columns, List<String> primaryKey, Map<String, NewEnum> enums) {
  public TableDetails {
    columns = Map.copyOf(columns);
    primaryKey = List.copyOf(primaryKey);
    enums = Map.copyOf(enums);
  }

  /**
   * One column.
   *
   * @param identity whether and how it is numbered
   * @param generated whether it is computed from other columns
   * @param defaultTo SQL of its default; null for none, or where one of the two above says it
   * @param portable whether that default means the same in another database
   */
  public record Details(
      @Nullable Identity identity,
      boolean generated,
      @Nullable String defaultTo,
      boolean portable) {}
}
