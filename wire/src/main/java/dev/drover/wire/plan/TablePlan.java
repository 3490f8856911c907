package dev.drover.wire.plan;

import com.fasterxml.jackson.annotation.JsonIgnore;
import com.fasterxml.jackson.annotation.JsonInclude;
import dev.drover.wire.schema.RecordSchema;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * How one table of one extract stage is read.
 *
 * @param stage the extract stage
 * @param table {@code schema.table}
 * @param schema the shape of its records
 * @param key the columns of its key in order; empty for a table without a key, which is cut and
 *     read by physical position
 * @param after tables of the same stage that must be decided at every load before this one's splits
 *     are dispatched: those its foreign keys point to, cycles and self-references exempt
 * @param estimatedRecords rows by the source's own statistics; an estimate
 * @param splits the key ranges, in order: adjacent, without gaps, the first open below, the last
 *     open above until it starts
 * @param file what the rows' positions are in, for a table that is read by these: another one has
 *     them elsewhere; null of a table with a key, and where it is not known
 */
public record TablePlan(
    String stage,
    String table,
    RecordSchema schema,
    List<String> key,
    List<String> after,
    long estimatedRecords,
    List<KeyRange> splits,
    @JsonInclude(JsonInclude.Include.NON_NULL) @Nullable Long file) {
  /** A table of which it does not matter where its rows are. */
  public TablePlan(
      String stage,
      String table,
      RecordSchema schema,
      List<String> key,
      List<String> after,
      long estimatedRecords,
      List<KeyRange> splits) {
    this(stage, table, schema, key, after, estimatedRecords, splits, null);
  }

  public TablePlan {
    key = List.copyOf(key);
    after = List.copyOf(after);
    splits = List.copyOf(splits);
  }

  /** About how many records each split holds by the estimate; at least one. */
  @JsonIgnore
  public long recordsPerSplit() {
    return Math.ceilDiv(Math.max(estimatedRecords, 1), (long) Math.max(1, splits.size()));
  }

  /** This table, cut at other keys. */
  public TablePlan withSplits(List<KeyRange> others) {
    return new TablePlan(stage, table, schema, key, after, estimatedRecords, others, file);
  }
}
