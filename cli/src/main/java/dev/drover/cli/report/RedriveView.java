package dev.drover.cli.report;

import com.fasterxml.jackson.databind.JsonNode;
import dev.drover.api.v1alpha1.Condition;
import dev.drover.api.v1alpha1.Redrive;
import dev.drover.api.v1alpha1.RedriveStatus;
import dev.drover.cli.record.RecordDiff;
import dev.drover.cli.terminal.Amounts;
import dev.drover.cli.terminal.Printable;
import dev.drover.cli.terminal.SideBySide;
import dev.drover.cli.terminal.Style;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * One Redrive, as {@code -o json} shows it. Counts are of records.
 *
 * @param ended whether nothing more will come of it
 * @param reason of its condition Complete
 * @param message of its condition Complete
 * @param lastSequence the last message of the error queue that it looks at; null before it looked
 */
public record RedriveView(
    String name,
    boolean ended,
    String reason,
    String message,
    long selected,
    long sent,
    long resolved,
    long failedAgain,
    long waived,
    long skipped,
    long refused,
    List<Sample> samples,
    @Nullable Long lastSequence) {
  private static final Set<String> AS_HOPED = Set.of("Resolved", "Waived");

  /** A record before and after the change. */
  public record Sample(
      long errorSequence,
      String stage,
      String table,
      String key,
      @Nullable JsonNode before,
      @Nullable JsonNode after,
      @Nullable String refusal) {}

  /** What a Redrive's status says. */
  public static RedriveView of(Redrive redrive) {
    RedriveStatus s =
        redrive.getStatus() != null
            ? redrive.getStatus()
            : new RedriveStatus(
                null, List.of(), null, 0, 0, 0, 0, 0, 0, 0, List.of(), null, null, List.of());
    Optional<Condition> complete = condition(s, "Complete");
    Optional<Condition> invalid = condition(s, "Valid").filter(c -> c.status().equals("False"));
    return new RedriveView(
        redrive.getMetadata().getName(),
        s.completionTime() != null
            || complete.filter(c -> c.status().equals("True")).isPresent()
            || invalid.isPresent(),
        complete.map(Condition::reason).orElse("NotSeen"),
        complete.map(Condition::message).orElse("the operator has not looked at it yet"),
        s.selected(),
        s.sent(),
        s.resolved(),
        s.failedAgain(),
        s.waived(),
        s.skipped(),
        s.refused(),
        s.samples().stream()
            .map(
                x ->
                    new Sample(
                        x.errorSequence(),
                        x.stage(),
                        x.table(),
                        x.key(),
                        x.before(),
                        x.after(),
                        x.refusal()))
            .toList(),
        s.lastSequence());
  }

  private static Optional<Condition> condition(RedriveStatus status, String type) {
    return status.conditions().stream().filter(c -> c.type().equals(type)).findFirst();
  }

  /** Whether a dry run found something that can be sent. */
  public boolean canBeSent() {
    return ended && reason.equals("DryRun") && selected > refused;
  }

  /** Whether everything that was chosen is out of the way. */
  public boolean isAsHoped() {
    return AS_HOPED.contains(reason) && failedAgain == 0 && refused == 0;
  }

  /** How far it is, on one line. */
  public String progress() {
    if (selected == 0) {
      return "%s (%s)".formatted(Printable.line(message), reason);
    }
    return "%s of %s sent, %s resolved, %s failed again, %s waived (%s)"
        .formatted(
            Amounts.count(sent),
            Amounts.count(selected),
            Amounts.count(resolved),
            Amounts.count(failedAgain),
            Amounts.count(waived),
            reason);
  }

  /** What came of it. */
  public String text(Style style) {
    String shown = isAsHoped() || canBeSent() ? style.good(reason) : style.bad(reason);
    return "%s: %s: %s%n".formatted(style.strong(name), shown, indented(message));
  }

  /** The samples of a dry run, before and after. */
  public String samples(Style style, int width) {
    StringBuilder text = new StringBuilder();
    for (Sample s : samples) {
      text.append(
          "%nSuch as key %s of %s, refused by stage %s:%n"
              .formatted(Printable.line(s.key()), Printable.line(s.table()), s.stage()));
      if (s.refusal() != null) {
        text.append("  ! ")
            .append(style.warn("it cannot be sent as asked: "))
            .append(indented(s.refusal()))
            .append('\n');
      }
      List<SideBySide.Row> rows = RecordDiff.all(s.before(), s.after());
      List<SideBySide.Row> changes = rows.stream().filter(SideBySide.Row::changed).toList();
      if (rows.isEmpty()) {
        text.append("  its fields are not shown\n");
      } else if (changes.isEmpty()) {
        text.append(SideBySide.text("RECORD", "", unchanged(rows), width, style));
      } else {
        text.append(SideBySide.text("ORIGINAL", "CORRECTED", changes, width, style));
      }
    }
    return text.toString();
  }

  private static List<SideBySide.Row> unchanged(List<SideBySide.Row> rows) {
    return rows.stream().map(r -> new SideBySide.Row(r.name(), r.left(), "", false)).toList();
  }

  private static String indented(String message) {
    return String.join("\n    ", Printable.lines(message).lines().toList());
  }
}
