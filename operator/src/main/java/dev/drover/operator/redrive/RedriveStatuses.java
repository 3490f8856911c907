package dev.drover.operator.redrive;

import dev.drover.api.v1alpha1.Condition;
import dev.drover.api.v1alpha1.Redrive;
import dev.drover.api.v1alpha1.RedriveStatus;
import dev.drover.api.v1alpha1.Step;
import dev.drover.operator.privacy.MadeOf;
import dev.drover.operator.privacy.Redaction;
import dev.drover.wire.replay.RedriveProgress;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Statuses of Redrives. Pure. */
final class RedriveStatuses {
  static final String READY = "Ready";
  static final String VALID = "Valid";
  static final String COMPLETE = "Complete";

  private static final int TEXT_LIMIT = 4000;
  private static final RedriveStatus NONE =
      new RedriveStatus(
          null, List.of(), null, 0, 0, 0, 0, 0, 0, 0, List.of(), null, null, List.of());

  private RedriveStatuses() {}

  /** The verdict on one condition. */
  private record Verdict(String status, String reason, String message) {}

  /** Whether nothing more will become of a Redrive. */
  static boolean ended(Redrive redrive) {
    return redrive.getStatus() != null && redrive.getStatus().completionTime() != null;
  }

  /**
   * The status that follows from what was found.
   *
   * @param redaction what of the records may be shown
   */
  static RedriveStatus of(Redrive redrive, Situation found, Redaction redaction, Instant now) {
    RedriveStatus before = redrive.getStatus() == null ? NONE : redrive.getStatus();
    return switch (found) {
      case Situation.Held held -> held(redrive, held, now);
      case Situation.Starting s -> {
        Verdict starting =
            s.trouble()
                .map(trouble -> new Verdict("False", "WorkerNotStarting", trouble))
                .orElse(new Verdict("False", "WorkerStarting", "its worker has not told yet"));
        yield with(
            redrive,
            before,
            now,
            new Verdict("Unknown", starting.reason(), "not looked at yet"),
            starting,
            starting);
      }
      case Situation.Known(RedriveProgress p) ->
          with(redrive, counted(p, redrive, redaction), now, valid(p), complete(p), ready(p));
    };
  }

  /** The status of one that has ended, about the spec as it is now: nothing follows from edits. */
  static RedriveStatus seen(Redrive redrive, RedriveStatus s) {
    Long generation = redrive.getMetadata().getGeneration();
    return new RedriveStatus(
        generation,
        s.conditions().stream().map(c -> c.seen(generation)).toList(),
        s.lastSequence(),
        s.selected(),
        s.sent(),
        s.resolved(),
        s.failedAgain(),
        s.waived(),
        s.skipped(),
        s.refused(),
        s.samples(),
        s.startTime(),
        s.completionTime(),
        s.refusals());
  }

  /** The status of one that cannot begin. */
  static RedriveStatus held(Redrive redrive, Situation.Held held, Instant now) {
    RedriveStatus before = redrive.getStatus() == null ? NONE : redrive.getStatus();
    Verdict waits = new Verdict("False", held.reason(), held.message());
    Verdict valid =
        held.invalid() ? waits : new Verdict("Unknown", held.reason(), "not looked at yet");
    return with(redrive, before, now, valid, waits, waits);
  }

  /** A status of which nobody can say now whether it still holds. */
  static RedriveStatus unavailable(Redrive redrive, String reason, String message, Instant now) {
    RedriveStatus before = redrive.getStatus() == null ? NONE : redrive.getStatus();
    Verdict unknown = new Verdict("Unknown", reason, message);
    return with(redrive, before, now, unknown, unknown, unknown);
  }

  /**
   * The status of one that has ended, with its samples as they may be shown now.
   *
   * @param progress what its worker told; empty if that is gone, when no more can be shown than is
   */
  static RedriveStatus shown(
      Redrive redrive, Optional<RedriveProgress> progress, Redaction redaction) {
    RedriveStatus s = redrive.getStatus();
    List<RedriveProgress.Sample> whole =
        progress.isPresent()
            ? progress.get().samples()
            : s.samples().stream()
                .map(
                    x ->
                        new RedriveProgress.Sample(
                            x.errorSequence(),
                            x.stage(),
                            x.table(),
                            x.key(),
                            x.before(),
                            x.after(),
                            x.refusal(),
                            MadeOf.parse(x.madeOf())))
                .toList();
    return new RedriveStatus(
        s.observedGeneration(),
        s.conditions(),
        s.lastSequence(),
        s.selected(),
        s.sent(),
        s.resolved(),
        s.failedAgain(),
        s.waived(),
        s.skipped(),
        s.refused(),
        whole.stream().map(x -> sample(x, redrive, redaction)).toList(),
        s.startTime(),
        s.completionTime(),
        s.refusals());
  }

  private static RedriveStatus counted(RedriveProgress p, Redrive redrive, Redaction redaction) {
    return new RedriveStatus(
        null,
        List.of(),
        p.lastSequence(),
        p.selected(),
        p.sent(),
        p.resolved(),
        p.failedAgain(),
        p.waived(),
        p.skipped(),
        p.refused(),
        p.samples().stream().map(s -> sample(s, redrive, redaction)).toList(),
        p.startedAt(),
        p.endedAt(),
        p.refusals().stream()
            .map(r -> new RedriveStatus.Refusal(r.code(), cut(r.message()), r.records()))
            .toList());
  }

  private static RedriveStatus.Sample sample(
      RedriveProgress.Sample s, Redrive redrive, Redaction redaction) {
    List<Step.Assignment> set = redrive.getSpec().set();
    Redaction.Sample shown =
        redaction.show(
            new Redaction.Sample(s.key(), s.before(), s.after(), s.refusal()),
            set == null ? List.of() : set,
            s.made());
    return new RedriveStatus.Sample(
        s.errorSequence(),
        s.stage(),
        s.table(),
        cut(shown.key()),
        shown.before(),
        shown.after(),
        shown.refusal() == null ? null : cut(shown.refusal()),
        MadeOf.text(s.made()));
  }

  private static Verdict valid(RedriveProgress p) {
    return switch (p.phase()) {
      case Surveying -> new Verdict("Unknown", "Surveying", p.message());
      case Refused -> new Verdict("False", "ChangeRefused", p.message());
      case Running, Suspended, Stopped, Complete ->
          new Verdict("True", "Valid", "the change fits every schema of the records chosen");
    };
  }

  private static Verdict complete(RedriveProgress p) {
    return switch (p.phase()) {
      case Surveying, Running, Suspended -> new Verdict("False", p.phase().name(), p.message());
      case Refused ->
          new Verdict(
              "False",
              "ChangeRefused",
              "nothing was sent, and nothing will be: " + p.message() + "; make another Redrive");
      case Stopped -> new Verdict("False", "TooManyFailed", p.message());
      case Complete -> new Verdict("True", outcome(p), text(p));
    };
  }

  private static Verdict ready(RedriveProgress p) {
    Verdict complete = complete(p);
    boolean out = complete.status().equals("True") && p.failedAgain() == 0 && p.refused() == 0;
    return new Verdict(out ? "True" : "False", complete.reason(), complete.message());
  }

  private static String outcome(RedriveProgress p) {
    if (p.selected() == 0) {
      return "NothingSelected";
    }
    if (p.sent() + p.waived() + p.skipped() == 0) {
      return p.refused() == p.selected() ? "NothingSent" : "DryRun";
    }
    if (p.waived() > 0 && p.sent() == 0) {
      return "Waived";
    }
    return p.failedAgain() + p.refused() > 0 ? "SomeFailed" : "Resolved";
  }

  private static String text(RedriveProgress p) {
    return switch (outcome(p)) {
      case "NothingSelected" ->
          "no record in the error queue is chosen: see status.failures of the Migration for the"
              + " stages, codes, fingerprints and tables that there are";
      case "DryRun" ->
          "%d records are chosen, %d of them cannot be sent as asked%s; nothing was sent"
              .formatted(p.selected(), p.refused(), reasons(p));
      default ->
          "of %d records %d were sent, %d of them are resolved and %d failed again; %d were waived, %d had been sent or waived before, %d could not be sent as asked%s"
              .formatted(
                  p.selected(),
                  p.sent(),
                  p.resolved(),
                  p.failedAgain(),
                  p.waived(),
                  p.skipped(),
                  p.refused(),
                  reasons(p));
    };
  }

  private static String reasons(RedriveProgress p) {
    return p.refusals().isEmpty()
        ? ""
        : p.refusals().stream()
            .map(r -> r.records() + " " + r.code())
            .collect(Collectors.joining(", ", " (", ")"));
  }

  private static RedriveStatus with(
      Redrive redrive,
      RedriveStatus counts,
      Instant now,
      Verdict valid,
      Verdict complete,
      Verdict ready) {
    return new RedriveStatus(
        redrive.getMetadata().getGeneration(),
        List.of(
            condition(redrive, READY, ready, now),
            condition(redrive, VALID, valid, now),
            condition(redrive, COMPLETE, complete, now)),
        counts.lastSequence(),
        counts.selected(),
        counts.sent(),
        counts.resolved(),
        counts.failedAgain(),
        counts.waived(),
        counts.skipped(),
        counts.refused(),
        counts.samples(),
        counts.startTime(),
        counts.completionTime(),
        counts.refusals());
  }

  private static Condition condition(Redrive redrive, String type, Verdict verdict, Instant now) {
    @Nullable RedriveStatus before = redrive.getStatus();
    String since =
        before == null
            ? now.truncatedTo(ChronoUnit.SECONDS).toString()
            : before.conditions().stream()
                .filter(c -> c.type().equals(type) && c.status().equals(verdict.status()))
                .findFirst()
                .map(Condition::lastTransitionTime)
                .orElse(now.truncatedTo(ChronoUnit.SECONDS).toString());
    return new Condition(
        type,
        verdict.status(),
        verdict.reason(),
        cut(verdict.message()),
        redrive.getMetadata().getGeneration(),
        since);
  }

  private static String cut(String text) {
    return text.length() <= TEXT_LIMIT ? text : text.substring(0, TEXT_LIMIT - 1) + "…";
  }
}
