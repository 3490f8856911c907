package dev.drover.cli.command;

import dev.drover.api.v1alpha1.RedriveSpec;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;

/** Which failed records of a Migration: those for which every option that is given holds. */
final class SelectorOptions {
  @Option(names = "--stage", paramLabel = "STAGE", description = "The stage that refused them.")
  private @Nullable String stage;

  @Option(names = "--code", paramLabel = "CODE", description = "Code of the failure.")
  private @Nullable String code;

  @Option(
      names = "--fingerprint",
      paramLabel = "CAUSE",
      description = "The cause, all sixteen digits, as failures shows it.")
  private @Nullable String fingerprint;

  @Option(names = "--table", paramLabel = "SCHEMA.TABLE", description = "Source table.")
  private @Nullable String table;

  @Option(
      names = "--seen-after",
      paramLabel = "TIME",
      description = "Failed last at this time or later: 2026-01-31T23:59:59Z.")
  private @Nullable String seenAfter;

  @Option(
      names = "--seen-before",
      paramLabel = "TIME",
      description = "Failed last before this time.")
  private @Nullable String seenBefore;

  @Option(
      names = "--key",
      paramLabel = "KEY",
      description = "Key at the source, as failures shows it; may be given often.")
  private @Nullable List<String> keys;

  @Option(names = "--all", description = "All open failures of the Migration.")
  private boolean all;

  private boolean isEmpty() {
    return stage == null
        && code == null
        && fingerprint == null
        && table == null
        && seenAfter == null
        && seenBefore == null
        && keys == null;
  }

  boolean isGiven() {
    return all || !isEmpty();
  }

  /** Everything is chosen only by who says so. */
  void check(CommandSpec spec) {
    if (all == !isEmpty()) {
      throw new ParameterException(
          spec.commandLine(),
          all
              ? "--all takes no other selector"
              : "say which records: --fingerprint, --code, --stage, --table, --key, --seen-after,"
                  + " --seen-before, or --all");
    }
  }

  /** Null for all. */
  RedriveSpec.@Nullable Selector selector() {
    return isEmpty()
        ? null
        : new RedriveSpec.Selector(stage, code, fingerprint, table, seenAfter, seenBefore, keys);
  }
}
