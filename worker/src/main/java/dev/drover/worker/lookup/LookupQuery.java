package dev.drover.worker.lookup;

import dev.drover.wire.schema.Column;
import dev.drover.wire.schema.RecordSchema;
import java.util.ArrayList;
import java.util.List;

/**
 * A query for one record, as it is asked for many keys at once: the keys are the rows of a table
 * that the query is joined to. Pure and immutable.
 *
 * @param query the user's
 * @param keys the fields that it asks by, as the records have them, in the query's order
 * @param columns what it answers, in order; their values are asked for as text, which is exact
 */
public record LookupQuery(QueryText query, List<Column> keys, List<Column> columns)
    implements Question {
  public LookupQuery {
    keys = List.copyOf(keys);
    columns = List.copyOf(columns);
  }

  /**
   * The fields of a record that a query asks by.
   *
   * @throws LookupRefusedException if it asks by none, or by one that the records don't have
   */
  public static List<Column> keys(QueryText query, RecordSchema input)
      throws LookupRefusedException {
    if (query.fields().isEmpty()) {
      throw new LookupRefusedException(
          "the query names no field of the record, so that all would get the same: write :field where its value belongs, such as where id = :id");
    }
    List<Column> keys = new ArrayList<>();
    for (String field : query.fields()) {
      keys.add(key(field, input, "query"));
    }
    return keys;
  }

  /** The field of a record that is asked by. */
  static Column key(String field, RecordSchema input, String path) throws LookupRefusedException {
    if (input.indexOf(field).isEmpty()) {
      throw new LookupRefusedException(
          path,
          "records of %s have no field %s: write one of %s, or limit the stage to tables that have it by enrich.tables"
              .formatted(input.table(), field, String.join(", ", input.columnNames())));
    }
    return input.columns().get(input.indexOf(field).getAsInt());
  }
}
