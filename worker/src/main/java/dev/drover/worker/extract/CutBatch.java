package dev.drover.worker.extract;

import dev.drover.wire.batch.RowReader;
import dev.drover.wire.plan.KeyRange;
import dev.drover.wire.schema.RecordSchema;
import dev.drover.worker.stage.ErrorQueue;
import java.io.ByteArrayOutputStream;
import java.util.List;
import java.util.Set;

/**
 * A batch ready to go.
 *
 * @param range the keys it covers, closed
 * @param records records read, the failed ones included
 * @param body the rows' bytes; empty if all failed
 * @param failures records that no message can hold, to be set aside
 * @param setAside how many more of them are set aside already
 */
record CutBatch(
    KeyRange range, int records, byte[] body, List<ErrorQueue.Failure> failures, int setAside) {
  int rows() {
    return records - failed();
  }

  int failed() {
    return failures.size() + setAside;
  }

  /**
   * This batch after an earlier reading of it set records aside: that holds, whatever they are now,
   * and whether they are still there.
   *
   * @param setAside which, by what they are {@linkplain ErrorQueue#toldApartBy told apart by}
   */
  CutBatch after(RecordSchema schema, Set<String> setAside) {
    CutBatch left = without(schema, setAside);
    return new CutBatch(
        range, left.records + setAside.size(), left.body, left.failures, setAside.size());
  }

  /**
   * This batch without records that another has set aside, with which they count.
   *
   * @param setAside which, by what they are {@linkplain ErrorQueue#toldApartBy told apart by}
   */
  CutBatch without(RecordSchema schema, Set<String> setAside) {
    if (setAside.isEmpty()) {
      return this;
    }
    List<ErrorQueue.Failure> left =
        failures.stream().filter(f -> !setAside.contains(ErrorQueue.toldApartBy(f.key()))).toList();
    ByteArrayOutputStream kept = new ByteArrayOutputStream(body.length);
    RowReader rows = new RowReader(schema, body);
    int passing = 0;
    while (rows.advance()) {
      if (!setAside.contains(ErrorQueue.toldApartBy(rows.key()))) {
        kept.writeBytes(rows.encodedRow());
        passing++;
      }
    }
    return new CutBatch(range, passing + left.size(), kept.toByteArray(), left, 0);
  }
}
