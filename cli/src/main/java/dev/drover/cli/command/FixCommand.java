package dev.drover.cli.command;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.drover.api.v1alpha1.FailedRecord;
import dev.drover.api.v1alpha1.FailedRecordSpec.Action;
import dev.drover.cli.cluster.Cluster;
import dev.drover.cli.outcome.CommandFailedException;
import dev.drover.cli.outcome.ExitCode;
import dev.drover.cli.record.EditRefusedException;
import dev.drover.cli.record.EditedRecord;
import dev.drover.cli.record.FailedFields;
import dev.drover.cli.record.RecordDiff;
import dev.drover.cli.record.RecordYaml;
import dev.drover.cli.record.Request;
import dev.drover.cli.report.RecordOutcome;
import dev.drover.cli.terminal.SideBySide;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code kubectl drover fix}. */
@Command(
    name = "fix",
    description =
        "Corrects a failed record in your editor ($KUBE_EDITOR, $EDITOR, vi), sends it again, and"
            + " waits for what comes of it.")
final class FixCommand extends ClusterCommand {
  @Parameters(paramLabel = "NAME", description = "The FailedRecord.")
  @SuppressWarnings("NullAway") // picocli requires it
  private String name;

  @Option(
      names = "--set",
      paramLabel = "FIELD=VALUE",
      description =
          "Sets a field instead of opening the editor; null sets it to null, \"null\" to that text.")
  private List<String> assignments = List.of();

  @Option(
      names = "--as-is",
      description = "Sends the record as it entered the stage, such as when the target was mended.")
  private boolean asIs;

  @Option(names = "--reason", paramLabel = "TEXT", description = "Why, for the record's history.")
  private @Nullable String reason;

  @Option(names = "--dry-run", description = "Shows what would be changed, and sends nothing.")
  private boolean dryRun;

  @Mixin
  @SuppressWarnings("NullAway") // picocli sets it
  private WaitOptions waiting;

  @Spec
  @SuppressWarnings("NullAway") // picocli sets it
  private CommandSpec spec;

  /** What came out of the editor last. */
  private @Nullable String typed;

  @Override
  void check() {
    if (asIs && !assignments.isEmpty()) {
      throw new ParameterException(spec.commandLine(), "give --set or --as-is, not both");
    }
  }

  @Override
  ExitCode run(Cluster cluster) {
    RecordRequests requests = new RecordRequests(cluster, clock());
    FailedRecord resource = requests.openToReplay(name);
    FailedFields fields = FailedFields.of(resource);
    ObjectNode correction = correction(resource, fields);
    Request request = new Request(Action.Replay, correction, reason);
    if (!correction.isEmpty()) {
      ObjectNode after = fields.original().deepCopy().setAll(correction);
      say(
          SideBySide.text(
              "ORIGINAL",
              "CORRECTED",
              RecordDiff.changes(fields.original(), after),
              terminal().width(),
              terminal().style()));
    }
    if (dryRun) {
      return tell(requests.outcome(resource, request, "DryRun", "nothing was sent"));
    }
    RecordOutcome outcome = ask(requests, resource, request);
    ExitCode exitCode = tell(outcome);
    if (exitCode == ExitCode.NotAsHoped && !outcome.result().equals("Gone")) {
      say(
          "To try again, from this correction on: kubectl drover fix %s -n %s"
              .formatted(name, cluster.namespace()));
    }
    return exitCode;
  }

  /** What was typed is not lost with a request that is refused. */
  private RecordOutcome ask(RecordRequests requests, FailedRecord resource, Request request) {
    try {
      return requests.ask(resource, request, waiting.ofRecord());
    } catch (CommandFailedException e) {
      if (e.exitCode() != ExitCode.TimedOut) {
        keepTyped();
      }
      throw e;
    }
  }

  private void keepTyped() {
    if (typed != null) {
      say("What you wrote is kept in " + Editor.keep(typed));
    }
  }

  private ExitCode tell(RecordOutcome outcome) {
    answer(outcome, () -> outcome.text(terminal().style()));
    return waiting.exitCode(outcome);
  }

  private ObjectNode correction(FailedRecord resource, FailedFields fields) {
    if (asIs) {
      return JsonNodeFactory.instance.objectNode();
    }
    if (!assignments.isEmpty()) {
      try {
        return fields.correction(EditedRecord.assigned(assignments, fields));
      } catch (EditRefusedException e) {
        throw refused(e);
      }
    }
    return edited(resource, fields);
  }

  private ObjectNode edited(FailedRecord resource, FailedFields fields) {
    Editor editor = Editor.of(terminal());
    String given = RecordYaml.text(resource, fields);
    String problem = null;
    try {
      while (true) {
        String edited = editor.edit(given);
        if (edited.equals(given)) {
          throw new CommandFailedException(
              problem == null ? ExitCode.Cancelled : ExitCode.Usage,
              problem == null ? "nothing was changed, so nothing was sent" : problem,
              problem == null
                  ? "to send it again without a change: kubectl drover fix " + name + " --as-is"
                  : null);
        }
        typed = edited;
        try {
          return correction(EditedRecord.parse(edited, fields), fields);
        } catch (EditRefusedException e) {
          problem = String.valueOf(e.getMessage());
          if (!terminal().interactive()) {
            throw refused(e);
          }
          given = RecordYaml.withProblem(edited, problem);
        }
      }
    } catch (CommandFailedException e) {
      if (problem != null) {
        keepTyped();
      }
      throw e;
    }
  }

  private ObjectNode correction(Optional<ObjectNode> edited, FailedFields fields) {
    ObjectNode correction =
        edited.map(fields::correction).orElseGet(JsonNodeFactory.instance::objectNode);
    if (correction.isEmpty()) {
      throw new CommandFailedException(
          ExitCode.Cancelled,
          "nothing differs from the record as it failed, so nothing was sent",
          "to send it again without a change: kubectl drover fix " + name + " --as-is");
    }
    return correction;
  }

  private CommandFailedException refused(EditRefusedException e) {
    return new CommandFailedException(
        ExitCode.Usage, "FailedRecord " + name + ", nothing was sent: " + e.getMessage(), null);
  }
}
