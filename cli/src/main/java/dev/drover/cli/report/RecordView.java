package dev.drover.cli.report;

import com.fasterxml.jackson.databind.JsonNode;
import dev.drover.api.v1alpha1.Condition;
import dev.drover.api.v1alpha1.FailedRecord;
import dev.drover.api.v1alpha1.FailedRecordStatus;
import dev.drover.api.v1alpha1.FailedRecordStatus.Attempt;
import dev.drover.api.v1alpha1.FailedRecordStatus.SourceRow;
import dev.drover.cli.record.FailedFields;
import dev.drover.cli.record.RecordDiff;
import dev.drover.cli.terminal.Amounts;
import dev.drover.cli.terminal.Printable;
import dev.drover.cli.terminal.SideBySide;
import dev.drover.cli.terminal.Style;
import dev.drover.cli.terminal.Table;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * One failed record, as {@code -o json} shows it.
 *
 * @param state Open, Sent, Waiting, Replayed, FailedAgain, Waived, Refused, …
 * @param outcome the state for people
 * @param original as it entered the stage; null if that is not shown
 * @param corrected with its correction; null if it has none
 * @param sourceRow what the source has in its place, as far as it was asked for
 */
public record RecordView(
    String namespace,
    String name,
    String migration,
    String stage,
    String step,
    String table,
    String key,
    String failureClass,
    String code,
    String message,
    String fingerprint,
    String state,
    String outcome,
    int replays,
    @Nullable String firstSeenTime,
    @Nullable String lastSeenTime,
    List<String> maskedFields,
    List<String> cutFields,
    @Nullable JsonNode original,
    @Nullable JsonNode corrected,
    List<Attempt> history,
    List<Attention> problems,
    @Nullable SourceRow sourceRow) {

  private static final int MESSAGE = 100;
  private static final int CHANGE = 60;
  private static final int KEY = 40;

  /** What a resource shows; empty for one that the operator has not filled yet. */
  public static Optional<RecordView> of(FailedRecord resource) {
    FailedRecordStatus s = resource.getStatus();
    if (s == null) {
      return Optional.empty();
    }
    FailedFields fields = FailedFields.of(resource);
    Optional<Condition> resolved =
        s.conditions().stream().filter(c -> c.type().equals("Resolved")).findFirst();
    List<Attention> problems = new ArrayList<>();
    s.conditions().stream()
        .filter(c -> c.type().equals("CorrectionValid") && !c.status().equals("True"))
        .map(c -> new Attention(c.type(), c.reason(), c.message()))
        .forEach(problems::add);
    // Of one that came when its record was sent already, nothing was made.
    boolean taken = problems.stream().noneMatch(p -> p.reason().equals("NotTaken"));
    return Optional.of(
        new RecordView(
            resource.getMetadata().getNamespace(),
            resource.getMetadata().getName(),
            s.migrationName(),
            s.stage(),
            s.step(),
            s.table(),
            s.key(),
            s.failureClass(),
            s.code(),
            s.message(),
            s.fingerprint(),
            resolved.map(Condition::reason).orElse("New"),
            resolved.map(Condition::message).orElse("the operator has not looked at it yet"),
            s.replays(),
            s.firstSeenTime(),
            s.lastSeenTime(),
            s.maskedFields(),
            s.cutFields(),
            fields.shown() ? fields.original() : null,
            taken && fields.isCorrected() ? fields.corrected() : null,
            s.history(),
            problems,
            s.sourceRow()));
  }

  /** Records, a line each. */
  static String list(List<RecordView> records, Style style, Instant now) {
    Table table = new Table("NAME", "TABLE", "KEY", "STATE", ">REPLAYS", "LAST SEEN", "MESSAGE");
    for (RecordView r : records) {
      table.add(
          style.strong(r.name()),
          Printable.line(r.table()),
          Printable.cut(Printable.line(r.key()), KEY),
          r.state(),
          String.valueOf(r.replays()),
          Amounts.age(r.lastSeenTime(), now),
          Printable.cut(Printable.line(r.message()), MESSAGE));
    }
    return table.text(style, 0);
  }

  /** All that is known of it, original and corrected side by side. */
  public String details(Style style, int width, Instant now) {
    StringBuilder text = new StringBuilder();
    text.append("%s: %s%n".formatted(style.strong(name), state));
    text.append("  ").append(indented(outcome)).append('\n');
    text.append(
        "  key %s of %s, refused by stage %s (%s) of Migration %s%n"
            .formatted(Printable.line(key), Printable.line(table), stage, step, migration));
    text.append("  %s: %s%n".formatted(style.bad(code), indented(message)));
    text.append(
        "  cause %s, class %s, first seen %s ago, last %s ago, sent again %s%n"
            .formatted(
                fingerprint,
                failureClass,
                Amounts.age(firstSeenTime, now),
                Amounts.age(lastSeenTime, now),
                Amounts.count(replays, "time")));
    for (Attention problem : problems) {
      text.append(
          "  ! %s: %s%n".formatted(style.warn(problem.about()), indented(problem.message())));
    }
    text.append('\n').append(fields(style, width));
    notes(text);
    source(text, style, width, now);
    history(text, style, now);
    return text.toString();
  }

  private String fields(Style style, int width) {
    if (original == null && corrected == null) {
      return "The Migration shows keys only (spec.failedRecords.payload), or the record could not be"
          + " kept.\n";
    }
    return SideBySide.text(
        "ORIGINAL",
        corrected == null ? "" : "CORRECTED",
        RecordDiff.all(original, corrected),
        width,
        style);
  }

  private void notes(StringBuilder text) {
    if (!maskedFields.isEmpty()) {
      text.append("Not shown (***): ").append(String.join(", ", maskedFields)).append('\n');
    }
    if (!cutFields.isEmpty()) {
      text.append("Shown in part: ").append(String.join(", ", cutFields)).append('\n');
    }
  }

  private void source(StringBuilder text, Style style, int width, Instant now) {
    if (sourceRow == null) {
      return;
    }
    text.append(
        "%nAt the source %s ago: %s%n"
            .formatted(
                Amounts.age(sourceRow.time(), now),
                sourceRow.message() == null
                    ? sourceRow.result()
                    : sourceRow.result() + ", " + indented(sourceRow.message())));
    if (sourceRow.record() != null) {
      text.append(
          SideBySide.text(
              "ORIGINAL",
              "SOURCE NOW",
              RecordDiff.all(original, sourceRow.record()),
              width,
              style));
    }
  }

  private void history(StringBuilder text, Style style, Instant now) {
    if (history.isEmpty()) {
      return;
    }
    Table table = new Table("TRIED", "WHEN", "BY", "CHANGED", "RESULT", "WHY", "WHAT CAME OF IT");
    for (Attempt a : history) {
      table.add(
          a.action(),
          Amounts.age(a.time(), now) + " ago",
          Printable.line(a.by() == null ? Amounts.NONE : a.by()),
          Printable.cut(Printable.line(changed(a)), CHANGE),
          a.result(),
          Printable.line(a.reason() == null ? Amounts.NONE : a.reason()),
          Printable.cut(Printable.line(a.message() == null ? "" : a.message()), MESSAGE));
    }
    text.append('\n').append(table.text(style, 0));
  }

  private static String changed(Attempt attempt) {
    if (attempt.correction() != null) {
      return attempt.correction().toString();
    }
    return attempt.set() == null
        ? Amounts.NONE
        : attempt.set().stream()
            .map(s -> s.field() + " = " + s.to())
            .collect(Collectors.joining(", "));
  }

  private static String indented(String message) {
    return String.join("\n    ", Printable.lines(message).lines().toList());
  }
}
