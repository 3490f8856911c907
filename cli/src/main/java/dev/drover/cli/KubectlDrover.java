package dev.drover.cli;

import dev.drover.cli.command.DroverCommand;
import dev.drover.cli.command.DurationConverter;
import dev.drover.cli.outcome.CommandFailedException;
import dev.drover.cli.outcome.ExitCode;
import dev.drover.cli.terminal.Terminal;
import java.time.Duration;
import java.time.InstantSource;
import picocli.CommandLine;
import picocli.CommandLine.Help.Ansi;
import picocli.CommandLine.ParameterException;

/** The program {@code kubectl drover}. */
public final class KubectlDrover {
  private static final String DEBUG = "DROVER_DEBUG";

  private KubectlDrover() {}

  /** Runs one command, and ends the process with its exit code. */
  public static void main(String[] arguments) {
    // The client logs through SLF4J, which says that nobody listens.
    System.setProperty("slf4j.internal.verbosity", "ERROR");
    int exitCode = run(Terminal.ofProcess(), InstantSource.system(), arguments);
    System.exit(exitCode);
  }

  /**
   * Runs one command.
   *
   * @return its exit code
   */
  public static int run(Terminal terminal, InstantSource clock, String... arguments) {
    CommandLine line =
        new CommandLine(new DroverCommand(terminal, clock))
            .registerConverter(Duration.class, new DurationConverter())
            .setOut(terminal.out())
            .setErr(terminal.err())
            .setColorScheme(
                CommandLine.Help.defaultColorScheme(terminal.style().colour() ? Ansi.ON : Ansi.OFF))
            .setExecutionExceptionHandler((e, command, parsed) -> failed(terminal, e))
            .setParameterExceptionHandler((e, args) -> misused(terminal, e));
    try {
      return line.execute(arguments);
    } catch (LinkageError e) {
      return bug(terminal, e); // the build left out a class that is needed
    }
  }

  private static int misused(Terminal terminal, ParameterException e) {
    String command = e.getCommandLine().getCommandSpec().qualifiedName();
    terminal.say("error: " + e.getMessage() + "\n  to do: see " + command + " --help");
    return ExitCode.Usage.number();
  }

  private static int failed(Terminal terminal, Exception e) {
    if (e instanceof CommandFailedException known) {
      terminal.say(known.text());
      return known.exitCode().number();
    }
    return bug(terminal, e);
  }

  private static int bug(Terminal terminal, Throwable e) {
    terminal.say(
        "error: a bug in kubectl drover: %s: %s%n  to do: report it, with what %s=1 shows besides"
            .formatted(e.getClass().getName(), e.getMessage(), DEBUG));
    if (!terminal.environment().getOrDefault(DEBUG, "").isEmpty()) {
      e.printStackTrace(terminal.err());
      terminal.err().flush();
    }
    return ExitCode.Internal.number();
  }
}
