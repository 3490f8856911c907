package dev.drover.cli.command;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.drover.api.v1alpha1.RedriveSpec;
import dev.drover.api.v1alpha1.StartAt;
import dev.drover.api.v1alpha1.Step;
import dev.drover.cli.cluster.Cluster;
import dev.drover.cli.outcome.ExitCode;
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

/** {@code kubectl drover redrive}. */
@Command(
    name = "redrive",
    description =
        "Sends many failed records again: looks by a dry run which, shows it, asks, and waits for"
            + " what comes of it.")
final class RedriveCommand extends ClusterCommand {
  @Parameters(paramLabel = "MIGRATION", description = "The Migration.")
  @SuppressWarnings("NullAway") // picocli requires it
  private String migration;

  @Mixin
  @SuppressWarnings("NullAway") // picocli sets it
  private SelectorOptions selector;

  @Option(
      names = "--set",
      paramLabel = "FIELD=CEL",
      description = "Computes a field of every record before: --set 'qty=-record.qty'.")
  private List<String> set = List.of();

  @Option(
      names = "--correction",
      paramLabel = "JSON",
      description = "Fields to change in every record before: '{\"country\": \"DE\"}'.")
  private @Nullable String correction;

  @Option(
      names = "--start-at",
      paramLabel = "Stage|Source",
      defaultValue = "Stage",
      description =
          "Source reads every row again at the source, as it is now, for when the source was mended.")
  private StartAt startAt = StartAt.Stage;

  @Option(names = "--rate", paramLabel = "N", description = "The most records to send in a second.")
  private @Nullable Integer rate;

  @Option(
      names = "--ramp",
      paramLabel = "N",
      split = ",",
      description =
          "How many to send before waiting for what becomes of them, step by step: 1,10,100.")
  private @Nullable List<Integer> ramp;

  @Option(
      names = "--stop-on",
      paramLabel = "N|N%",
      description = "Sends no more once so many, or more than so many of a hundred, failed again.")
  private @Nullable String stopOn;

  @Option(names = "--reason", paramLabel = "TEXT", description = "Why, for whoever reads it later.")
  private @Nullable String reason;

  @Option(
      names = {"-y", "--yes"},
      description = "Goes on after the dry run without asking.")
  private boolean yes;

  @Option(names = "--dry-run", description = "Only the dry run.")
  private boolean dryRun;

  @Mixin
  @SuppressWarnings("NullAway") // picocli sets it
  private WaitOptions waiting;

  @Spec
  @SuppressWarnings("NullAway") // picocli sets it
  private CommandSpec spec;

  @Override
  void check() {
    selector.check(spec);
    if (startAt == StartAt.Source && (correction != null || !set.isEmpty())) {
      throw usage(
          "--start-at Source reads the rows as they are at the source: take --set and --correction out");
    }
    if (correction != null && !set.isEmpty()) {
      throw usage("give --set or --correction, not both");
    }
    wanted();
  }

  @Override
  ExitCode run(Cluster cluster) {
    RedriveReport report =
        new Redrives(cluster, terminal(), clock(), this::say)
            .run(wanted(), new Redrives.Course(dryRun, yes, !waiting.isNoWait(), waiting.ofMany()));
    if (drover.isJson()) {
      terminal().print(json(report, true));
    }
    return waiting.isNoWait() && report.redrive() != null ? ExitCode.Ok : report.exitCode();
  }

  private RedriveSpec wanted() {
    return new RedriveSpec(
        migration,
        selector.selector(),
        RedriveSpec.Action.Replay,
        startAt,
        reason,
        correction == null ? null : object(correction),
        set.isEmpty() ? null : assignments(),
        rate,
        ramp,
        stopOn == null ? null : stopOn(stopOn),
        false,
        false);
  }

  private JsonNode object(String json) {
    try {
      JsonNode parsed = new ObjectMapper().readTree(json);
      if (parsed.isObject()) {
        return parsed;
      }
    } catch (JsonProcessingException e) {
      throw usage("--correction is no JSON: " + e.getOriginalMessage());
    }
    throw usage("--correction is an object of fields: '{\"country\": \"DE\"}'");
  }

  private List<Step.Assignment> assignments() {
    List<Step.Assignment> steps = new ArrayList<>();
    for (String assignment : set) {
      int equals = assignment.indexOf('=');
      if (equals < 1 || equals == assignment.length() - 1) {
        throw usage("--set " + assignment + ": write field=expression, such as qty=-record.qty");
      }
      steps.add(
          new Step.Assignment(assignment.substring(0, equals), assignment.substring(equals + 1)));
    }
    return steps;
  }

  private RedriveSpec.StopOn stopOn(String text) {
    if (!text.matches("\\d{1,9}%?")) {
      throw usage("--stop-on " + text + ": write a number, 50, or a percentage, 5%");
    }
    return text.endsWith("%")
        ? new RedriveSpec.StopOn(null, Integer.valueOf(text.substring(0, text.length() - 1)))
        : new RedriveSpec.StopOn(Integer.valueOf(text), null);
  }

  private ParameterException usage(String message) {
    return new ParameterException(spec.commandLine(), message);
  }
}
