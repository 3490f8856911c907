package dev.drover.wire.plan;

import dev.drover.wire.schema.Column;
import dev.drover.wire.schema.RecordSchema;
import java.util.ArrayList;
import java.util.List;

/**
 * What an enrich adds to the records of a source table, as its lookup was understood when it was
 * planned.
 *
 * @param stage the enrich
 * @param table the source table, {@code schema.table}
 * @param columns the fields it adds, in order
 */
public record LookupPlan(String stage, String table, List<Column> columns) {
  public LookupPlan {
    columns = List.copyOf(columns);
  }

  /**
   * The schema of records once these fields are added.
   *
   * @throws IllegalArgumentException if the records have a field of one of their names
   */
  public RecordSchema output(RecordSchema input) {
    List<Column> all = new ArrayList<>(input.columns());
    all.addAll(columns);
    return new RecordSchema(input.table(), all);
  }
}
