package dev.drover.worker.lookup;

import dev.drover.wire.schema.Column;
import java.util.List;

/** What is asked for the records of one schema. Immutable. */
public sealed interface Question permits LookupQuery, HttpQuestion {
  /** The fields that are asked by, as the records have them. */
  List<Column> keys();

  /** What an answer adds to a record, in order. */
  List<Column> columns();
}
