package dev.drover.worker.postgres.target;

import dev.drover.wire.batch.RowReader;
import dev.drover.wire.schema.RecordSchema;
import java.util.Collection;

/** A format of {@code COPY … FROM STDIN}. Immutable and thread-safe. */
interface CopyFormat {
  /** Encodes the rows of one schema. Immutable and thread-safe. */
  @FunctionalInterface
  interface Encoder {
    /** Appends the reader's current row. Hot. */
    void append(RowReader row, CopyBuffer out);
  }

  /** What stands behind {@code FROM STDIN}. */
  String option();

  /** What comes before the first row. */
  byte[] header();

  /** What comes after the last row. */
  byte[] trailer();

  /** The encoder of a schema's rows. */
  Encoder encoder(RecordSchema schema);

  /**
   * The format in which rows of some schemas are written into a table: the binary one, which spares
   * the server the parsing, where each column arrives as what it is; else text, which the target's
   * own input functions read.
   */
  static CopyFormat of(TargetTable table, Collection<RecordSchema> schemas) {
    return schemas.stream().allMatch(s -> BinaryRows.takes(table, s))
        ? new BinaryRows(table)
        : new TextRows();
  }
}
