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
import io.fabric8.kubernetes.api.model.ManagedFieldsEntry;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** What was tried with a record, by whom, and what came of it. Pure. */
final class History {
  /** Set by the chart's admission policy to the user who wrote spec last. */
  static final String ASKED_BY = "drover.dev/asked-by";

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
    boolean fits = redaction.fits(status.record(), status.maskedFields(), status.key());
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
   * @param other the other object that asked, kind/name; null if the resource did
   * @param change what it changes in the record
   */
  record Request(
      FailedRecordSpec.Action action,
      String time,
      @Nullable Long generation,
      @Nullable String other,
      Change change) {}

  /** The history with what came of a request. The same request told again changes its entry. */
  static List<Attempt> with(
      FailedRecord resource, Request request, Answer answer, Redaction redaction) {
    List<Attempt> history = new ArrayList<>(of(resource, redaction));
    Optional<Attempt> before =
        history.stream().filter(a -> a.time().equals(request.time())).findFirst();
    boolean asks = Objects.equals(request.generation(), resource.getMetadata().getGeneration());
    Attempt attempt =
        new Attempt(
            request.action().name(),
            request.time(),
            before.map(Attempt::by).orElseGet(() -> asks ? by(resource) : request.other()),
            request.generation(),
            before.map(Attempt::reason).orElseGet(() -> asks ? reason(resource) : null),
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

  private static @Nullable String reason(FailedRecord resource) {
    FailedRecordSpec spec = resource.getSpec();
    return spec == null ? null : spec.reason();
  }

  /** The user that the admission policy noted, else the field manager that wrote spec last. */
  static @Nullable String by(FailedRecord resource) {
    Map<String, String> annotations = resource.getMetadata().getAnnotations();
    String user = annotations == null ? null : annotations.get(ASKED_BY);
    if (user != null && !user.isEmpty()) {
      return RecordStatuses.cut(user, 500);
    }
    // The operator made it with nothing asked, and changes its labels later under the same entry.
    List<ManagedFieldsEntry> managers = resource.getMetadata().getManagedFields();
    return managers == null
        ? null
        : managers.stream()
            .filter(m -> m.getSubresource() == null || m.getSubresource().isEmpty())
            .filter(m -> !isOperator(m))
            .filter(History::wroteSpec)
            .max(Comparator.comparing(m -> m.getTime() == null ? "" : m.getTime()))
            .map(ManagedFieldsEntry::getManager)
            .orElse(null);
  }

  private static boolean isOperator(ManagedFieldsEntry entry) {
    return entry.getManager() != null && entry.getManager().startsWith("fabric8");
  }

  private static boolean wroteSpec(ManagedFieldsEntry entry) {
    return entry.getFieldsV1() != null
        && entry.getFieldsV1().getAdditionalProperties().containsKey("f:spec");
  }
}
