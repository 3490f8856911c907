package dev.drover.cli.command;

import dev.drover.api.v1alpha1.FailedRecord;
import dev.drover.cli.cluster.Cluster;
import dev.drover.cli.outcome.CommandFailedException;
import dev.drover.cli.outcome.ExitCode;
import dev.drover.cli.report.Cause;
import dev.drover.cli.report.FailuresReport;
import dev.drover.cli.report.RecordView;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** {@code kubectl drover failures}. */
@Command(
    name = "failures",
    description = "Why records failed: causes, the records of one, all of a record.")
final class FailuresCommand extends ClusterCommand {
  @Parameters(index = "0", paramLabel = "MIGRATION", description = "The Migration.")
  @SuppressWarnings("NullAway") // picocli requires it
  private String migration;

  @Parameters(
      index = "1",
      arity = "0..1",
      paramLabel = "CAUSE|NAME",
      description =
          "A cause, by its fingerprint, the beginning of it, or its code: shows its records. Or the"
              + " name of a FailedRecord: shows all of it, original and corrected side by side.")
  private @Nullable String what;

  @Override
  ExitCode run(Cluster cluster) {
    FailuresReport all = FailuresReport.of(cluster.migration(migration));
    if (what == null) {
      answer(all, () -> all.text(terminal().style(), now()));
      return ExitCode.Ok;
    }
    FailuresReport some = all.only(what);
    if (!some.causes().isEmpty()) {
      FailuresReport report = some.with(cluster.failedRecords(migration));
      answer(report, () -> report.text(terminal().style(), now()));
      return ExitCode.Ok;
    }
    return record(cluster, all, what);
  }

  private ExitCode record(Cluster cluster, FailuresReport all, String name) {
    Optional<FailedRecord> found =
        name.contains("-") ? cluster.findFailedRecord(name) : Optional.empty();
    if (found.isEmpty()) {
      throw new CommandFailedException(
          ExitCode.NotFound,
          "Migration %s in namespace %s has no open failures of a cause %s, and no FailedRecord of that name"
              .formatted(migration, cluster.namespace(), name),
          all.causes().isEmpty()
              ? "it has no open failures at all"
              : "give one of "
                  + String.join(", ", all.causes().stream().map(Cause::fingerprint).toList()));
    }
    Optional<RecordView> view = RecordView.of(found.get());
    if (view.isEmpty()) {
      throw new CommandFailedException(
          ExitCode.NotFound,
          "FailedRecord " + name + " is empty: the operator has not filled it yet",
          "try again in a moment");
    }
    answer(view.get(), () -> view.get().details(terminal().style(), terminal().width(), now()));
    return ExitCode.Ok;
  }
}
