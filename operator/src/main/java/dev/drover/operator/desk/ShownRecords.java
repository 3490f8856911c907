package dev.drover.operator.desk;

import dev.drover.api.v1alpha1.FailedRecord;
import java.util.List;

/** Where the desk sees which resources there are. */
public interface ShownRecords {
  /**
   * The FailedRecords of a migration. What was made or removed just now may be missing or still
   * here: the desk copes with either.
   */
  List<FailedRecord> of(String namespace, String migration);
}
