package dev.drover.cli.report;

import dev.drover.api.v1alpha1.FailedRecord;
import dev.drover.api.v1alpha1.Migration;
import dev.drover.api.v1alpha1.MigrationStatus;
import dev.drover.cli.terminal.Amounts;
import dev.drover.cli.terminal.Printable;
import dev.drover.cli.terminal.Style;
import dev.drover.cli.terminal.Table;
import java.time.Instant;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What {@code failures} answers about a Migration, or some of its causes.
 *
 * @param openRecords open failures in all
 * @param causes the causes that were asked for
 * @param otherCauses causes that the Migration's status does not list
 * @param otherRecords open failures of those
 * @param records records of the causes that are shown as resources; null if they were not asked for
 */
public record FailuresReport(
    String namespace,
    String migration,
    long openRecords,
    List<Cause> causes,
    long otherCauses,
    long otherRecords,
    @Nullable List<RecordView> records) {
  private static final int MESSAGE = 160;

  /** All causes of a Migration. */
  public static FailuresReport of(Migration migration) {
    Optional<MigrationStatus> status = Optional.ofNullable(migration.getStatus());
    List<Cause> causes =
        status.stream().flatMap(s -> s.failures().stream()).map(Cause::of).toList();
    Optional<MigrationStatus.OtherFailures> others = status.map(MigrationStatus::otherFailures);
    long otherRecords = others.map(o -> o.records()).orElse(0L);
    return new FailuresReport(
        migration.getMetadata().getNamespace(),
        migration.getMetadata().getName(),
        causes.stream().mapToLong(Cause::records).sum() + otherRecords,
        causes,
        others.map(o -> o.causes()).orElse(0L),
        otherRecords,
        null);
  }

  /** Only the causes that a user names, by code or by how their fingerprint begins. */
  public FailuresReport only(String name) {
    return new FailuresReport(
        namespace,
        migration,
        openRecords,
        causes.stream().filter(c -> c.isCalled(name)).toList(),
        otherCauses,
        otherRecords,
        null);
  }

  /** With those of these records that the causes have. */
  public FailuresReport with(List<FailedRecord> resources) {
    List<String> fingerprints = causes.stream().map(Cause::fingerprint).toList();
    List<RecordView> views =
        resources.stream()
            .flatMap(r -> RecordView.of(r).stream())
            .filter(r -> fingerprints.contains(r.fingerprint()))
            .sorted(
                Comparator.comparing(RecordView::table)
                    .thenComparing(r -> r.key().length())
                    .thenComparing(RecordView::key))
            .toList();
    return new FailuresReport(
        namespace, migration, openRecords, causes, otherCauses, otherRecords, views);
  }

  /** For people. */
  public String text(Style style, Instant now) {
    if (causes.isEmpty()) {
      return "No open failures in Migration " + migration + ".\n";
    }
    StringBuilder text = new StringBuilder();
    Table table =
        new Table(
            ">RECORDS",
            "STAGE",
            "STEP",
            "CODE",
            "TABLE",
            "ABOUT",
            "CAUSE",
            "FIRST SEEN",
            "LAST SEEN");
    for (Cause c : causes) {
      table.add(
          style.warn(Amounts.count(c.records())),
          c.stage(),
          c.step() == null ? Amounts.NONE : c.step(),
          style.strong(c.code()),
          Printable.line(c.table()),
          c.subject() == null ? Amounts.NONE : Printable.line(c.subject()),
          c.fingerprint(),
          Amounts.age(c.firstSeenTime(), now),
          Amounts.age(c.lastSeenTime(), now));
    }
    text.append(table.text(style, 0)).append('\n');
    for (Cause c : causes) {
      text.append(
          "%s, such as key %s: %s%n"
              .formatted(
                  c.code(),
                  c.sampleKey() == null ? Amounts.NONE : Printable.line(c.sampleKey()),
                  Printable.cut(
                      Printable.line(c.message() == null ? Amounts.NONE : c.message()), MESSAGE)));
    }
    if (otherCauses > 0) {
      text.append(
          "And %s of %s more.%n"
              .formatted(
                  Amounts.count(otherRecords, "open failure"),
                  Amounts.count(otherCauses, "cause")));
    }
    text.append('\n').append(records == null ? more() : shown(records, style, now));
    return text.toString();
  }

  private String more() {
    return """
        Records of a cause:    kubectl drover failures %s CAUSE -n %s
        After a rule is fixed: kubectl drover redrive %s --fingerprint CAUSE -n %s
        """
        .formatted(migration, namespace, migration, namespace);
  }

  private String shown(List<RecordView> views, Style style, Instant now) {
    long open = causes.stream().mapToLong(Cause::records).sum();
    String some =
        "%s of %s shown as resources; redrive and waive reach all of them with a selector.%n"
            .formatted(
                Amounts.count(views.size(), "record"),
                views.size() == 1 ? "this cause is" : "these causes are");
    if (views.isEmpty()) {
      return some;
    }
    return RecordView.list(views, style, now)
        + "\n"
        + (open > views.size() ? some : "")
        + """
        All of one:  kubectl drover failures %s NAME -n %s
        Correct one: kubectl drover fix NAME -n %s
        """
            .formatted(migration, namespace, namespace);
  }
}
