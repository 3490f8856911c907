package dev.drover.cli.command;

import dev.drover.api.v1alpha1.Redrive;
import dev.drover.api.v1alpha1.RedriveSpec;
import dev.drover.cli.cluster.Cluster;
import dev.drover.cli.cluster.Polling;
import dev.drover.cli.outcome.CommandFailedException;
import dev.drover.cli.outcome.ExitCode;
import dev.drover.cli.report.RedriveReport;
import dev.drover.cli.report.RedriveView;
import dev.drover.cli.terminal.Amounts;
import dev.drover.cli.terminal.Terminal;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import java.time.Duration;
import java.time.InstantSource;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Looks by a dry run what a Redrive would do, asks, and has it done. */
final class Redrives {
  private final Cluster cluster;
  private final Terminal terminal;
  private final InstantSource clock;
  private final Consumer<String> say;

  Redrives(Cluster cluster, Terminal terminal, InstantSource clock, Consumer<String> say) {
    this.cluster = cluster;
    this.terminal = terminal;
    this.clock = clock;
    this.say = say;
  }

  /**
   * How far to go.
   *
   * @param onlyLook ends after the dry run
   * @param unasked goes on without a question
   * @param waits whether to wait for the end
   * @param timeout the longest to wait; null for as long as it takes
   */
  record Course(boolean onlyLook, boolean unasked, boolean waits, @Nullable Duration timeout) {}

  RedriveReport run(RedriveSpec wanted, Course course) {
    String migration = wanted.migrationName();
    cluster.migration(migration);
    RedriveView looked = look(wanted, course.timeout());
    say.accept(looked.text(terminal.style()) + looked.samples(terminal.style(), terminal.width()));
    if (course.onlyLook() || !looked.canBeSent()) {
      return report(wanted, course.onlyLook() ? "DryRun" : "NotSent", looked, null);
    }
    long records = looked.selected() - looked.refused();
    boolean waives = wanted.action() == RedriveSpec.Action.Waive;
    if (!course.unasked() && !agrees(records, waives)) {
      return report(wanted, "NotSent", looked, null);
    }
    Redrive made =
        make(upTo(looked.lastSequence(), wanted), migration + (waives ? "-waive-" : "-redrive-"));
    String name = made.getMetadata().getName();
    say.accept(
        "Redrive %s is made; it goes on without this command. To halt it: kubectl patch rd %s -n %s --type merge -p '{\"spec\":{\"suspend\":true}}'"
            .formatted(name, name, cluster.namespace()));
    RedriveView ended = course.waits() ? await(name, course.timeout(), true) : RedriveView.of(made);
    say.accept(ended.text(terminal.style()));
    return report(wanted, ended.reason(), looked, ended);
  }

  /** What comes after the dry run was looked at by nobody, and nobody has agreed to it. */
  private static RedriveSpec upTo(@Nullable Long lastSequence, RedriveSpec wanted) {
    if (lastSequence == null || lastSequence < 1) {
      return wanted;
    }
    RedriveSpec.Selector given = wanted.selector();
    RedriveSpec.Selector all =
        given != null ? given : new RedriveSpec.Selector(null, null, null, null, null, null, null);
    return new RedriveSpec(
        wanted.migrationName(),
        new RedriveSpec.Selector(
            all.stage(),
            all.code(),
            all.fingerprint(),
            all.table(),
            all.seenAfter(),
            all.seenBefore(),
            all.keys(),
            all.errorSequences(),
            lastSequence),
        wanted.action(),
        wanted.startAt(),
        wanted.reason(),
        wanted.correction(),
        wanted.set(),
        wanted.ratePerSecond(),
        wanted.ramp(),
        wanted.stopOn(),
        wanted.dryRun(),
        wanted.suspend());
  }

  private boolean agrees(long records, boolean waives) {
    if (!terminal.interactive()) {
      terminal.say("Nothing was sent: nobody can be asked here. --yes goes on without asking.");
      return false;
    }
    return terminal.agrees(
        waives
            ? "Give up " + Amounts.count(records, "record") + " for good?"
            : "Send " + Amounts.count(records, "record") + " again?");
  }

  /** The dry run is removed afterwards: it is no part of what was done. */
  private RedriveView look(RedriveSpec wanted, @Nullable Duration timeout) {
    RedriveSpec spec =
        new RedriveSpec(
            wanted.migrationName(),
            wanted.selector(),
            wanted.action(),
            wanted.startAt(),
            wanted.reason(),
            wanted.correction(),
            wanted.set(),
            null,
            null,
            null,
            true,
            false);
    Redrive dryRun = make(spec, wanted.migrationName() + "-dry-run-");
    say.accept("Looking what is chosen (Redrive " + dryRun.getMetadata().getName() + ") …");
    try {
      RedriveView ended = await(dryRun.getMetadata().getName(), timeout, false);
      if (!ended.ended()) {
        throw new CommandFailedException(
            ExitCode.TimedOut,
            "the dry run did not end in time (%s: %s); nothing was sent"
                .formatted(ended.reason(), ended.message()),
            "see kubectl drover status " + wanted.migrationName() + ", or give a longer --timeout");
      }
      return ended;
    } finally {
      remove(dryRun);
    }
  }

  private void remove(Redrive dryRun) {
    try {
      cluster.delete(dryRun);
    } catch (CommandFailedException e) {
      say.accept(
          "Redrive %s stays, a dry run that is over: %s"
              .formatted(dryRun.getMetadata().getName(), e.getMessage()));
    }
  }

  private Redrive make(RedriveSpec spec, String namePrefix) {
    Redrive redrive = new Redrive();
    redrive.setMetadata(new ObjectMetaBuilder().withGenerateName(namePrefix).build());
    redrive.setSpec(spec);
    return cluster.create(redrive);
  }

  private RedriveView await(String name, @Nullable Duration timeout, boolean tells) {
    String[] told = {""};
    Supplier<RedriveView> look =
        () -> {
          Redrive now = cluster.redrive(name);
          if (now == null) {
            throw new CommandFailedException(
                ExitCode.NotFound,
                "Redrive %s in namespace %s is gone: somebody deleted it, or its Migration"
                    .formatted(name, cluster.namespace()),
                "see what is open still: kubectl drover failures");
          }
          RedriveView view = RedriveView.of(now);
          if (tells && !view.progress().equals(told[0])) {
            told[0] = view.progress();
            say.accept(told[0]);
          }
          return view;
        };
    return tells
        ? Polling.afterAsking("Redrive " + name, look, RedriveView::ended, timeout, clock)
        : Polling.until(look, RedriveView::ended, timeout, clock);
  }

  private RedriveReport report(
      RedriveSpec wanted, String result, RedriveView looked, @Nullable RedriveView redrive) {
    return new RedriveReport(
        cluster.namespace(),
        wanted.migrationName(),
        wanted.action().name(),
        result,
        looked,
        redrive);
  }
}
