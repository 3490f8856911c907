package dev.drover.cli.command;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.ObjectWriter;
import dev.drover.cli.cluster.Cluster;
import dev.drover.cli.outcome.ExitCode;
import dev.drover.cli.terminal.Terminal;
import java.time.Instant;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.concurrent.Callable;
import java.util.function.Supplier;
import picocli.CommandLine.ParentCommand;

/** A command that talks to the cluster. */
abstract class ClusterCommand implements Callable<Integer> {
  private static final ObjectMapper JSON = new ObjectMapper();

  @ParentCommand
  @SuppressWarnings("NullAway") // picocli sets it
  DroverCommand drover;

  /** Does what was asked. */
  abstract ExitCode run(Cluster cluster);

  @Override
  public final Integer call() {
    check();
    try (Cluster cluster = drover.cluster()) {
      return run(cluster).number();
    }
  }

  /** Refuses options that do not go together. */
  void check() {}

  final Terminal terminal() {
    return drover.terminal();
  }

  final InstantSource clock() {
    return drover.clock();
  }

  final Instant now() {
    return clock().instant().truncatedTo(ChronoUnit.SECONDS);
  }

  /** Writes an answer, as JSON or for people, as was asked. */
  final void answer(Object report, Supplier<String> text) {
    terminal().print(drover.isJson() ? json(report, true) : text.get());
  }

  /** An answer as JSON, over several lines or on one. */
  static String json(Object report, boolean pretty) {
    try {
      ObjectWriter writer = pretty ? JSON.writerWithDefaultPrettyPrinter() : JSON.writer();
      return writer.writeValueAsString(report);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("a report is no JSON", e);
    }
  }

  /** Tells a person what goes on; whoever asked for JSON wants none of it. */
  final void say(String text) {
    if (!drover.isJson()) {
      terminal().say(text);
    }
  }
}
