package dev.drover.cli.report;

import dev.drover.cli.terminal.Amounts;
import dev.drover.cli.terminal.Printable;
import dev.drover.cli.terminal.Style;
import dev.drover.cli.terminal.Table;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What {@code status} and each frame of {@code top} answer.
 *
 * @param time when it was looked at
 */
public record StatusReport(String time, List<MigrationView> migrations) {
  private static final int LINE = 200;

  /** All of them, a line each, then what needs a look. */
  public String list(Style style) {
    Instant now = Instant.parse(time);
    Table table =
        new Table(
            "NAMESPACE",
            "NAME",
            "READY",
            "REASON",
            "STAGES",
            ">LOADED",
            ">FAILED",
            ">PROGRESS",
            "ETA",
            "AGE");
    for (MigrationView m : migrations) {
      table.add(
          m.namespace(),
          style.strong(m.name()),
          ready(m, style),
          m.reason(),
          orNone(m.stagesReady()),
          Amounts.count(m.loadedRecords()),
          failed(m.failedRecords(), style),
          orNone(m.percent()),
          orNone(m.eta()),
          Amounts.age(m.creationTime(), now));
    }
    StringBuilder text = new StringBuilder(table.text(style, 0));
    for (MigrationView m : migrations) {
      String looks = attention(m, style);
      if (!looks.isEmpty()) {
        text.append('\n').append(style.strong(m.name())).append('\n').append(looks);
      }
    }
    return text.toString();
  }

  /** All that is known of each. */
  public String details(Style style) {
    StringBuilder text = new StringBuilder();
    for (MigrationView m : migrations) {
      text.append(text.isEmpty() ? "" : "\n").append(details(m, style));
    }
    return text.toString();
  }

  private String details(MigrationView m, Style style) {
    StringBuilder text = new StringBuilder();
    text.append(
        "%s in %s: %s %s%n"
            .formatted(style.strong(m.name()), m.namespace(), ready(m, style), m.reason()));
    Printable.lines(m.message()).lines().forEach(l -> text.append("  ").append(l).append('\n'));
    text.append(
        "  read %s%s loaded %s + filtered %s + failed %s + waiting %s + waived %s%n"
            .formatted(
                Amounts.count(m.extractedRecords()),
                m.addsUp() ? " =" : ";",
                Amounts.count(m.loadedRecords()),
                Amounts.count(m.filteredRecords()),
                failed(m.failedRecords(), style),
                Amounts.count(m.waitingRecords()),
                Amounts.count(m.waivedRecords())));
    if (m.percent() != null) {
      text.append("  progress ").append(m.percent());
      text.append(m.eta() == null ? "" : ", " + m.eta() + " left");
      text.append('\n');
    }
    if (!m.stages().isEmpty()) {
      text.append('\n').append(stages(m, style));
    }
    String looks = attention(m, style);
    return looks.isEmpty() ? text.toString() : text.append('\n').append(looks).toString();
  }

  private static String stages(MigrationView m, Style style) {
    boolean measured = m.stages().stream().anyMatch(s -> s.outPerSecond() != null);
    Table table =
        new Table(
            "STAGE",
            "KIND",
            "STATE",
            ">WORKERS",
            ">LAG",
            ">IN",
            ">PASSED",
            ">FILTERED",
            ">FAILED",
            ">WAITING",
            measured ? ">OUT NOW" : ">AVERAGE",
            "SCALING");
    for (StageView s : m.stages()) {
      table.add(
          s.name(),
          s.kind(),
          state(s, style),
          s.readyReplicas() + "/" + s.desiredReplicas(),
          Amounts.count(s.lagRecords()),
          Amounts.count(s.inRecords()),
          Amounts.count(s.passedRecords()),
          Amounts.count(s.filteredRecords()),
          failed(s.failedRecords(), style),
          Amounts.count(s.waitingRecords()),
          Amounts.rate(measured ? s.outPerSecond() : s.averagePerSecond()),
          s.scalingReason());
    }
    return table.text(style, 2);
  }

  /** A frame of {@code top}: every stage of every Migration, a line each. */
  public String frame(Style style) {
    Table table =
        new Table(
            "MIGRATION", "STAGE", "STATE", ">WORKERS", ">IN", ">OUT", ">LAG", ">FAILED", "SCALING");
    for (MigrationView m : migrations) {
      if (m.stages().isEmpty()) {
        table.add(style.strong(m.name()), "-", m.reason(), "-", "-", "-", "-", "-", "-");
      }
      for (StageView s : m.stages()) {
        table.add(
            style.strong(m.name()),
            s.name(),
            state(s, style),
            s.readyReplicas() + "/" + s.desiredReplicas(),
            Amounts.rate(s.inPerSecond()),
            Amounts.rate(s.outPerSecond()),
            Amounts.count(s.lagRecords()),
            failed(s.failedRecords(), style),
            s.scalingReason());
      }
    }
    StringBuilder text = new StringBuilder(style.faint(time)).append('\n');
    for (MigrationView m : migrations) {
      text.append(
          "%s: %s %s, loaded %s, failed %s%s%s%n"
              .formatted(
                  style.strong(m.name()),
                  ready(m, style),
                  m.reason(),
                  Amounts.count(m.loadedRecords()),
                  failed(m.failedRecords(), style),
                  m.percent() == null ? "" : ", " + m.percent(),
                  m.eta() == null ? "" : ", " + m.eta() + " left"));
    }
    return text.append('\n').append(table.text(style, 0)).toString();
  }

  private static String attention(MigrationView m, Style style) {
    StringBuilder text = new StringBuilder();
    for (Attention a : m.attention()) {
      text.append("  ! ").append(style.warn(a.about() + " " + a.reason())).append(": ");
      List<String> lines = Printable.lines(a.message()).lines().toList();
      text.append(String.join("\n      ", lines)).append('\n');
    }
    for (StageView s : m.stages()) {
      if (s.stalled() != null
          && m.attention().stream().noneMatch(a -> a.message().contains(s.stalled()))) {
        text.append("  ! ").append(style.warn("Stage " + s.name())).append(": ");
        text.append(Printable.cut(Printable.line(s.stalled()), LINE)).append('\n');
      }
    }
    if (m.failedRecords() > 0) {
      text.append(
          "  ! %s of %s: kubectl drover failures %s -n %s%n"
              .formatted(
                  style.warn(Amounts.count(m.failedRecords(), "open failure")),
                  Amounts.count(m.failureCauses(), "cause"),
                  m.name(),
                  m.namespace()));
    }
    return text.toString();
  }

  private static String ready(MigrationView m, Style style) {
    String text = m.ready().equals("True") ? "Ready" : "NotReady";
    return m.ready().equals("True") ? style.good(text) : style.bad(text);
  }

  private static String state(StageView s, Style style) {
    return s.state().equals("Stalled") ? style.bad(s.state()) : s.state();
  }

  private static String failed(long records, Style style) {
    return records == 0 ? "0" : style.warn(Amounts.count(records));
  }

  private static String orNone(@Nullable String text) {
    return text == null ? Amounts.NONE : Printable.line(text);
  }
}
