package dev.drover.worker.redrive;

import dev.drover.wire.failure.QueuedFailure;
import java.util.ArrayList;
import java.util.List;

/** Cuts failed records into as many as may be made ready at a time, by their bytes. Pure. */
final class Portions {
  private static final long BYTES = 8 << 20;

  /** What a record is taken for that the error queue could not keep. */
  private static final long UNKNOWN_BYTES = 64 << 10;

  private Portions() {}

  /** The records, in their order, in portions. */
  static List<List<QueuedFailure>> of(List<QueuedFailure> failures) {
    List<List<QueuedFailure>> portions = new ArrayList<>();
    int from = 0;
    long bytes = 0;
    for (int i = 0; i < failures.size(); i++) {
      int row = failures.get(i).message().row().length;
      bytes += row == 0 ? UNKNOWN_BYTES : row;
      if (bytes >= BYTES || i + 1 == failures.size()) {
        portions.add(failures.subList(from, i + 1));
        from = i + 1;
        bytes = 0;
      }
    }
    return portions;
  }
}
