package dev.drover.wire.plan;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One step of a transform: exactly one of {@code require}, {@code filter}, {@code set}, {@code
 * rename} and {@code remove} is given. Expressions are CEL over {@code record} and {@code table}.
 *
 * @param tables the tables that the step is for, by name or pattern; empty means all
 * @param require the record fails unless this holds
 * @param filter the record is left out unless this expression is true
 * @param set fields to compute, in order, each seeing those before it
 * @param rename fields to rename
 * @param remove fields to drop
 */
public record Step(
    List<String> tables,
    @Nullable Require require,
    @Nullable String filter,
    List<Assignment> set,
    List<Rename> rename,
    List<String> remove) {
  public Step {
    tables = List.copyOf(tables);
    set = List.copyOf(set);
    rename = List.copyOf(rename);
    remove = List.copyOf(remove);
  }

  /**
   * A condition that a record must meet.
   *
   * @param that CEL of type bool
   * @param code the failure code of records that don't, CamelCase
   * @param message CEL of type string, for the failed record's message; null for a standard one
   */
  public record Require(String that, String code, @Nullable String message) {}

  /**
   * A computed field.
   *
   * @param field its name; a new one is added at the end
   * @param to CEL for its value
   */
  public record Assignment(String field, String to) {}

  /** A field's new name. */
  public record Rename(String from, String to) {}
}
