package dev.drover.cli.command;

import dev.drover.cli.cluster.Access;
import dev.drover.cli.cluster.Cluster;
import dev.drover.cli.terminal.Terminal;
import java.time.InstantSource;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ScopeType;
import picocli.CommandLine.Spec;

/** The program and the options that all of its commands have. */
@Command(
    name = "kubectl drover",
    description = "Watches data migrations, and mends what failed in them.",
    synopsisSubcommandLabel = "COMMAND",
    scope = ScopeType.INHERIT,
    mixinStandardHelpOptions = true,
    version = "kubectl drover 0.1.0",
    sortOptions = false,
    usageHelpAutoWidth = true,
    exitCodeListHeading = "%nExit codes:%n",
    exitCodeList = {
      "0:Done, and it came out as asked.",
      "1:Carried out, but not as hoped: failed again, refused, nothing selected.",
      "2:The command line, or what was edited, is wrong.",
      "3:There is no such resource, or Drover is not installed.",
      "4:You may not do that.",
      "5:The API server cannot be reached, or does not know you.",
      "6:You said no, or changed nothing; nothing was sent.",
      "7:It was sent; what came of it was not known in time.",
      "8:The API server refused for another reason, such as a conflict.",
      "69:No Java 25 was found.",
      "70:A bug."
    },
    subcommands = {
      StatusCommand.class,
      TopCommand.class,
      FailuresCommand.class,
      FixCommand.class,
      RedriveCommand.class,
      WaiveCommand.class,
      CompletionCommand.class
    })
public final class DroverCommand implements Runnable {
  private final Terminal terminal;
  private final InstantSource clock;

  @Spec
  @SuppressWarnings("NullAway") // picocli sets it
  private CommandSpec spec;

  @Option(
      names = {"-n", "--namespace"},
      paramLabel = "NAMESPACE",
      scope = ScopeType.INHERIT,
      description = "Namespace of the Migration; else the context's.")
  private @Nullable String namespace;

  @Option(
      names = "--context",
      paramLabel = "NAME",
      scope = ScopeType.INHERIT,
      description = "Context of the kubeconfig; else the current one.")
  private @Nullable String context;

  @Option(
      names = "--kubeconfig",
      paramLabel = "FILE",
      scope = ScopeType.INHERIT,
      description = "The kubeconfig; else $KUBECONFIG, else ~/.kube/config.")
  private @Nullable String kubeconfig;

  @Option(
      names = "--as",
      paramLabel = "USER",
      scope = ScopeType.INHERIT,
      description = "Acts as another user, if you may.")
  private @Nullable String as;

  @Option(
      names = {"-o", "--output"},
      paramLabel = "json",
      scope = ScopeType.INHERIT,
      description = "json: answers as JSON.")
  private @Nullable Output output;

  /** Forms of an answer beside text. */
  enum Output {
    json
  }

  /** The program, with where it reads and writes and the time. */
  public DroverCommand(Terminal terminal, InstantSource clock) {
    this.terminal = terminal;
    this.clock = clock;
  }

  Terminal terminal() {
    return terminal;
  }

  InstantSource clock() {
    return clock;
  }

  boolean isJson() {
    return output == Output.json;
  }

  /** The cluster that the options name; the caller closes it. */
  Cluster cluster() {
    return Cluster.of(new Access(kubeconfig, context, namespace, as));
  }

  @Override
  public void run() {
    throw new ParameterException(spec.commandLine(), "give a command");
  }
}
