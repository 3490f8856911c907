package dev.drover.cli.command;

import dev.drover.api.v1alpha1.FailedRecord;
import dev.drover.api.v1alpha1.RedriveSpec;
import dev.drover.cli.cluster.Cluster;
import dev.drover.cli.outcome.CommandFailedException;
import dev.drover.cli.outcome.ExitCode;
import dev.drover.cli.record.Request;
import dev.drover.cli.report.RecordOutcome;
import dev.drover.cli.report.RedriveReport;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code kubectl drover waive}. */
@Command(
    name = "waive",
    description =
        "Gives failed records up for good, with a reason that is kept: those that are named, or those"
            + " of a Migration that a selector chooses, after a dry run.")
final class WaiveCommand extends ClusterCommand {
  @Parameters(arity = "0..*", paramLabel = "NAME", description = "FailedRecords.")
  private List<String> names = List.of();

  @Option(
      names = {"-m", "--migration"},
      paramLabel = "MIGRATION",
      description = "Waives those of this Migration that the selector chooses.")
  private @Nullable String migration;

  @Option(
      names = "--reason",
      required = true,
      paramLabel = "TEXT",
      description = "Why, for whoever asks later.")
  @SuppressWarnings("NullAway") // picocli requires it
  private String reason;

  @Mixin
  @SuppressWarnings("NullAway") // picocli sets it
  private SelectorOptions selector;

  @Option(
      names = {"-y", "--yes"},
      description = "Goes on after the dry run without asking.")
  private boolean yes;

  @Option(names = "--dry-run", description = "Shows what would be given up, and gives nothing up.")
  private boolean dryRun;

  @Mixin
  @SuppressWarnings("NullAway") // picocli sets it
  private WaitOptions waiting;

  @Spec
  @SuppressWarnings("NullAway") // picocli sets it
  private CommandSpec spec;

  /** What became of those that were named, as {@code -o json} shows it. */
  record Waivers(List<RecordOutcome> records) {}

  @Override
  void check() {
    if (reason.isBlank()) {
      throw new ParameterException(spec.commandLine(), "--reason: say why");
    }
    if (migration == null && names.isEmpty()) {
      throw new ParameterException(
          spec.commandLine(), "name FailedRecords, or give --migration and a selector");
    }
    if (!names.isEmpty() && (migration != null || selector.isGiven())) {
      throw new ParameterException(
          spec.commandLine(), "name FailedRecords, or give --migration and a selector, not both");
    }
    if (migration != null) {
      selector.check(spec);
    }
  }

  @Override
  ExitCode run(Cluster cluster) {
    return migration == null ? waiveNamed(cluster) : waiveChosen(cluster, migration);
  }

  private ExitCode waiveNamed(Cluster cluster) {
    RecordRequests requests = new RecordRequests(cluster, clock());
    Request request = Request.waive(reason);
    // All are looked at before the first is given up: a wrong name shall change nothing.
    List<FailedRecord> resources = names.stream().distinct().map(requests::open).toList();
    List<RecordOutcome> outcomes = new ArrayList<>();
    ExitCode worst = ExitCode.Ok;
    CommandFailedException failed = null;
    for (FailedRecord resource : resources) {
      RecordOutcome outcome;
      try {
        outcome = waive(requests, resource, request, failed != null);
      } catch (CommandFailedException e) {
        failed = e;
        String result = e.exitCode() == ExitCode.TimedOut ? "Sent" : "NotSent";
        outcome = requests.outcome(resource, request, result, String.valueOf(e.getMessage()));
      }
      outcomes.add(outcome);
      if (!drover.isJson()) {
        terminal().print(outcome.text(terminal().style()));
      }
      worst = worst == ExitCode.Ok ? waiting.exitCode(outcome) : worst;
    }
    if (drover.isJson()) {
      terminal().print(json(new Waivers(outcomes), true));
    }
    if (failed != null) {
      throw failed;
    }
    return worst;
  }

  private RecordOutcome waive(
      RecordRequests requests, FailedRecord resource, Request request, boolean afterFailure) {
    if (afterFailure) {
      return requests.outcome(resource, request, "NotSent", "one before it failed");
    }
    return dryRun
        ? requests.outcome(resource, request, "DryRun", "nothing was given up")
        : requests.ask(resource, request, waiting.ofRecord());
  }

  private ExitCode waiveChosen(Cluster cluster, String of) {
    RedriveSpec wanted =
        new RedriveSpec(
            of,
            selector.selector(),
            RedriveSpec.Action.Waive,
            reason,
            null,
            null,
            null,
            null,
            null,
            false,
            false);
    RedriveReport report =
        new Redrives(cluster, terminal(), clock(), this::say)
            .run(wanted, new Redrives.Course(dryRun, yes, !waiting.isNoWait(), waiting.ofMany()));
    if (drover.isJson()) {
      terminal().print(json(report, true));
    }
    return waiting.isNoWait() && report.redrive() != null ? ExitCode.Ok : report.exitCode();
  }
}
