package dev.drover.cli.command;

import dev.drover.api.v1alpha1.Migration;
import dev.drover.cli.cluster.Cluster;
import dev.drover.cli.outcome.ExitCode;
import dev.drover.cli.report.MigrationView;
import dev.drover.cli.report.Rates;
import dev.drover.cli.report.StatusReport;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code kubectl drover status}. */
@Command(name = "status", description = "Migrations, their stages, and what needs a look.")
final class StatusCommand extends ClusterCommand {
  @Parameters(
      arity = "0..1",
      paramLabel = "MIGRATION",
      description = "Tells all of one; without it, a line of each.")
  private @Nullable String migration;

  @Option(
      names = {"-A", "--all-namespaces"},
      description = "Migrations of every namespace.")
  private boolean everywhere;

  @Option(
      names = "--rates",
      description =
          "Measures what stages pass on just now, which takes some seconds; else the"
              + " average since the beginning is shown.")
  private boolean measure;

  @Override
  ExitCode run(Cluster cluster) {
    Watched watched = new Watched(cluster, migration, everywhere, clock());
    Rates rates = new Rates();
    List<Migration> seen = measure ? watched.measure(rates) : watched.look(rates);
    StatusReport report =
        new StatusReport(
            now().toString(), seen.stream().map(m -> MigrationView.of(m, rates, now())).toList());
    if (seen.isEmpty()) {
      say(watched.none());
    }
    if (!seen.isEmpty() || drover.isJson()) {
      answer(
          report,
          () ->
              migration == null
                  ? report.list(terminal().style())
                  : report.details(terminal().style()));
    }
    return ExitCode.Ok;
  }
}
