package dev.drover.operator.desk;

import com.fasterxml.jackson.databind.JsonNode;
import dev.drover.api.v1alpha1.FailedRecord;
import dev.drover.api.v1alpha1.FailedRecordSpec;
import dev.drover.api.v1alpha1.FailedRecordStatus;
import dev.drover.api.v1alpha1.FailedRecordStatus.Attempt;
import dev.drover.api.v1alpha1.FailedRecordStatus.Copied;
import dev.drover.api.v1alpha1.Step;
import dev.drover.operator.privacy.Redaction;
import dev.drover.wire.replay.Change;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** What was tried with a record, by whom, and what came of it. Pure. */
final class History {
  private static final int MOST = 10;
  private static final int TEXT_LIMIT = 1000;

  private History() {}

  /**
   * What a resource tells was tried, without what is hidden now.
   *
   * <p>A message was made when perhaps less was hidden: where the rest of the resource shows too
   * much, it is not shown any more.
   */
  static List<Attempt> of(FailedRecord resource, Redaction redaction) {
    FailedRecordStatus status = resource.getStatus();
    return status == null ? List.of() : shown(status, redaction);
  }

  private static List<Attempt> shown(FailedRecordStatus status, Redaction redaction) {
    boolean fits = RecordStatuses.fits(status, redaction);
    return status.history().stream()
        .map(
            a ->
                new Attempt(
                    a.action(),
                    a.time(),
                    a.by(),
                    a.generation(),
                    a.reason(),
                    a.correction() == null
                        ? null
                        : redaction.show(a.correction(), copied(a.copied())),
                    a.copied(),
                    a.set(),
                    a.result(),
                    fits || a.message() == null ? a.message() : Redaction.MASK))
        .toList();
  }

  /**
   * Something that was asked.
   *
   * @param action Replay or Waive
   * @param time when the operator took it up, which tells requests apart
   * @param generation the resource's generation that asked; null if another object did
   * @param by who asked: a user, or the other object, kind/name; null if nobody knows
   * @param reason why; null if nobody said
   * @param change what it changes in the record
   */
  record Request(
      FailedRecordSpec.Action action,
      String time,
      @Nullable Long generation,
      @Nullable String by,
      @Nullable String reason,
      Change change) {}

  /** The history with what came of a request. The same request told again changes its entry. */
  static List<Attempt> with(
      FailedRecord resource, Request request, Answer answer, Redaction redaction) {
    List<Attempt> history = new ArrayList<>(of(resource, redaction));
    Optional<Attempt> before =
        history.stream().filter(a -> a.time().equals(request.time())).findFirst();
    Attempt attempt =
        new Attempt(
            request.action().name(),
            request.time(),
            before.map(Attempt::by).orElse(request.by()),
            request.generation(),
            before.map(Attempt::reason).orElse(request.reason()),
            correction(request.change(), redaction),
            copied(request.change()),
            set(request.change()),
            answer.reason(),
            RecordStatuses.cut(answer.outcome(), TEXT_LIMIT));
    before.ifPresentOrElse(
        a -> history.set(history.indexOf(a), attempt), () -> history.add(attempt));
    return List.copyOf(history.subList(Math.max(0, history.size() - MOST), history.size()));
  }

  private static @Nullable JsonNode correction(Change change, Redaction redaction) {
    return change.correction() == null
        ? null
        : redaction.show(change.correction(), change.copied());
  }

  private static @Nullable List<Copied> copied(Change change) {
    return change.copied().isEmpty()
        ? null
        : new TreeMap<>(change.copied())
            .entrySet().stream().map(c -> new Copied(c.getKey(), c.getValue())).toList();
  }

  private static Map<String, List<String>> copied(@Nullable List<Copied> copied) {
    return copied == null
        ? Map.of()
        : copied.stream().collect(Collectors.toMap(Copied::field, Copied::from));
  }

  private static @Nullable List<Step.Assignment> set(Change change) {
    return change.set().isEmpty()
        ? null
        : change.set().stream().map(s -> new Step.Assignment(s.field(), s.to())).toList();
  }
}
