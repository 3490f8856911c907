package dev.drover.cli.report;

import com.fasterxml.jackson.databind.JsonNode;
import dev.drover.api.v1alpha1.Condition;
import dev.drover.api.v1alpha1.FailedRecord;
import dev.drover.api.v1alpha1.FailedRecordStatus;
import dev.drover.api.v1alpha1.FailedRecordStatus.Attempt;
import dev.drover.cli.outcome.ExitCode;
import dev.drover.cli.terminal.Printable;
import dev.drover.cli.terminal.Style;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What became of a request for one record, as {@code -o json} shows it.
 *
 * @param record name of the resource
 * @param action Replay or Waive
 * @param correction the fields that were changed; null if none
 * @param result Replayed, FailedAgain, Waived, Refused, Resolved (by somebody else), Lost (not in
 *     the error queue any more), Gone, Waiting, Sent, DryRun (nothing was sent) or NotSent
 * @param message for people
 */
public record RecordOutcome(
    String namespace,
    String record,
    String action,
    @Nullable JsonNode correction,
    String result,
    String message) {
  private static final String LOST = "Lost";

  /**
   * What a resource says about a request.
   *
   * @param resource as it is now; null if it is gone
   * @param generation of the resource that asked
   */
  public static Said said(@Nullable FailedRecord resource, long generation) {
    if (resource == null) {
      return new Said(
          true,
          "Gone",
          "the resource is gone: its record was resolved and its time to stay was over, or"
              + " somebody deleted it");
    }
    FailedRecordStatus status = resource.getStatus();
    if (status == null) {
      return new Said(false, "Sent", "the operator has not looked at it yet");
    }
    Optional<Attempt> attempt =
        status.history().stream()
            .filter(a -> Objects.equals(a.generation(), generation))
            .findFirst();
    if (attempt.isPresent()) {
      boolean underWay =
          attempt.get().result().equals("Sent") || attempt.get().result().equals("Waiting");
      String message = attempt.get().message() == null ? "" : attempt.get().message();
      return new Said(!underWay, attempt.get().result(), message);
    }
    Optional<Condition> resolved =
        status.conditions().stream().filter(c -> c.type().equals("Resolved")).findFirst();
    boolean seen = status.observedGeneration() != null && status.observedGeneration() >= generation;
    if (seen && resolved.filter(c -> c.status().equals("True")).isPresent()) {
      return new Said(
          true, "Resolved", "it was out of the way already: " + resolved.get().message());
    }
    Optional<Condition> lost = lost(status);
    if (seen && lost.isPresent()) {
      return new Said(true, LOST, lost.get().message());
    }
    return new Said(
        false,
        "Sent",
        seen && resolved.isPresent()
            ? resolved.get().message()
            : "the operator has not looked at it yet");
  }

  /** What the operator says of a record that is not in the error queue any more; empty if it is. */
  public static Optional<Condition> lost(FailedRecordStatus status) {
    return status.conditions().stream()
        .filter(c -> c.type().equals("Resolved") && c.reason().equals(LOST))
        .findFirst();
  }

  /**
   * An answer.
   *
   * @param last whether nothing more will come
   */
  public record Said(boolean last, String result, String message) {}

  /** How a command ends with it. */
  public ExitCode exitCode() {
    return switch (result) {
      case "Replayed", "Waived", "DryRun" -> ExitCode.Ok;
      case "Sent", "Waiting" -> ExitCode.TimedOut;
      case "NotSent" -> ExitCode.Cancelled;
      default -> ExitCode.NotAsHoped;
    };
  }

  /** For people. */
  public String text(Style style) {
    String shown =
        switch (exitCode()) {
          case Ok -> style.good(result);
          case NotAsHoped -> style.bad(result);
          default -> style.warn(result);
        };
    return "%s: %s: %s"
        .formatted(
            style.strong(record),
            shown,
            String.join("\n    ", Printable.lines(message).lines().toList()));
  }
}
