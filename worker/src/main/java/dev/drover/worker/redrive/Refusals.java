package dev.drover.worker.redrive;

import dev.drover.wire.replay.RedriveProgress.Refusal;
import dev.drover.worker.redrive.Renewal.Renewed;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Counts the records that were not sent, by the reasons. Not thread-safe. */
final class Refusals {
  /** The most reasons that are told apart. */
  private static final int MOST = 20;

  private static final String OTHERS = "Others";

  private final Map<Reason, Long> records = new LinkedHashMap<>();
  private long count;

  private record Reason(String code, String message) {}

  void add(Renewed.Refused refused) {
    count++;
    // A change that does not fit may be told with the size of each record: one stands for all.
    Reason reason =
        refused.code().equals(AsItFailed.CODE)
            ? records.keySet().stream()
                .filter(r -> r.code().equals(AsItFailed.CODE))
                .findFirst()
                .orElse(new Reason(refused.code(), refused.message()))
            : new Reason(refused.code(), refused.message());
    boolean known = records.containsKey(reason) || records.size() < MOST;
    records.merge(known ? reason : new Reason(OTHERS, "other reasons"), 1L, Long::sum);
  }

  long count() {
    return count;
  }

  /** The reasons, those of most records first. */
  List<Refusal> list() {
    List<Refusal> list = new ArrayList<>();
    records.forEach((reason, n) -> list.add(new Refusal(reason.code(), reason.message(), n)));
    list.sort(Comparator.comparingLong(Refusal::records).reversed());
    return list;
  }
}
