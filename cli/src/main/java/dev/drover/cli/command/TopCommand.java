package dev.drover.cli.command;

import dev.drover.api.v1alpha1.Migration;
import dev.drover.cli.cluster.Cluster;
import dev.drover.cli.cluster.Polling;
import dev.drover.cli.outcome.CommandFailedException;
import dev.drover.cli.outcome.ExitCode;
import dev.drover.cli.report.MigrationView;
import dev.drover.cli.report.Rates;
import dev.drover.cli.report.StatusReport;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code kubectl drover top}. */
@Command(
    name = "top",
    description = "Live stages: workers, records a second, lag. Ends with Ctrl-C.")
final class TopCommand extends ClusterCommand {
  /** Cursor to the top; then each line wipes what stood behind it, and the last what is below. */
  private static final String HOME = "\u001b[H";

  private static final String WIPE_LINE = "\u001b[K";
  private static final String WIPE_REST = "\u001b[J";

  @Parameters(
      arity = "0..1",
      paramLabel = "MIGRATION",
      description = "Only this one; else all of the namespace.")
  private @Nullable String migration;

  @Option(
      names = {"-A", "--all-namespaces"},
      description = "Migrations of every namespace.")
  private boolean everywhere;

  @Option(
      names = "--interval",
      paramLabel = "DURATION",
      defaultValue = "2s",
      description = "Time between frames, such as 2s. Default: ${DEFAULT-VALUE}.")
  private Duration interval = Duration.ofSeconds(2);

  @Option(
      names = "--once",
      description = "One frame, once the rates are measured, which takes some seconds.")
  private boolean once;

  @Override
  ExitCode run(Cluster cluster) {
    Watched watched = new Watched(cluster, migration, everywhere, clock());
    Rates rates = new Rates();
    if (once) {
      show(watched.measure(rates), rates, watched);
      return ExitCode.Ok;
    }
    show(watched.look(rates), rates, watched);
    while (true) {
      Polling.pause(interval);
      try {
        show(watched.look(rates), rates, watched);
      } catch (CommandFailedException e) {
        if (e.exitCode() != ExitCode.Unreachable) {
          throw e;
        }
        terminal().say(e.text()); // it goes on once the API server is back
      }
    }
  }

  private void show(List<Migration> seen, Rates rates, Watched watched) {
    StatusReport report =
        new StatusReport(
            now().toString(), seen.stream().map(m -> MigrationView.of(m, rates, now())).toList());
    if (drover.isJson()) {
      terminal().print(json(report, false));
      return;
    }
    String frame = seen.isEmpty() ? watched.none() + "\n" : report.frame(terminal().style());
    boolean redraws = terminal().interactive() && !once;
    terminal().print(redraws ? HOME + frame.replace("\n", WIPE_LINE + "\n") + WIPE_REST : frame);
  }
}
