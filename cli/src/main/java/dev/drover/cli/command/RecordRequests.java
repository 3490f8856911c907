package dev.drover.cli.command;

import com.fasterxml.jackson.databind.JsonNode;
import dev.drover.api.v1alpha1.Condition;
import dev.drover.api.v1alpha1.FailedRecord;
import dev.drover.cli.cluster.Cluster;
import dev.drover.cli.cluster.Polling;
import dev.drover.cli.outcome.CommandFailedException;
import dev.drover.cli.outcome.ExitCode;
import dev.drover.cli.record.Request;
import dev.drover.cli.report.RecordOutcome;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Asks something of one failed record, and waits for what comes of it. */
final class RecordRequests {
  private final Cluster cluster;
  private final InstantSource clock;

  RecordRequests(Cluster cluster, InstantSource clock) {
    this.cluster = cluster;
    this.clock = clock;
  }

  /**
   * A record of which something can be asked.
   *
   * @throws CommandFailedException if it is resolved, under way, or not filled yet
   */
  FailedRecord open(String name) {
    FailedRecord resource = cluster.failedRecord(name);
    if (resource.getStatus() == null) {
      throw new CommandFailedException(
          ExitCode.NotAsHoped,
          "FailedRecord " + name + " is empty: the operator has not filled it yet",
          "try again in a moment");
    }
    Optional<Condition> resolved = condition(resource, "Resolved");
    if (resolved.isPresent()) {
      throw new CommandFailedException(
          ExitCode.NotAsHoped,
          "FailedRecord %s is out of the way already (%s): %s"
              .formatted(name, resolved.get().reason(), resolved.get().message()),
          null);
    }
    if (condition(resource, "Replaying").isPresent()) {
      throw new CommandFailedException(
          ExitCode.NotAsHoped,
          "FailedRecord " + name + " was sent again and is not decided yet",
          "wait for what comes of it: kubectl wait fr "
              + name
              + " --for=condition=Replaying=False -n "
              + cluster.namespace());
    }
    return resource;
  }

  /**
   * One that can be sent again.
   *
   * @throws CommandFailedException also if it is lost
   */
  FailedRecord openToReplay(String name) {
    FailedRecord resource = open(name);
    Optional<Condition> lost = RecordOutcome.lost(resource.getStatus());
    if (lost.isPresent()) {
      throw new CommandFailedException(
          ExitCode.NotAsHoped,
          "FailedRecord %s is lost: %s".formatted(name, lost.get().message()),
          "to count it as given up: kubectl drover waive " + name + " --reason …");
    }
    return resource;
  }

  private static Optional<Condition> condition(FailedRecord resource, String type) {
    return resource.getStatus().conditions().stream()
        .filter(c -> c.type().equals(type) && c.status().equals("True"))
        .findFirst();
  }

  /**
   * Asks, and waits.
   *
   * @param timeout the longest to wait; null waits not at all
   */
  RecordOutcome ask(FailedRecord resource, Request request, @Nullable Duration timeout) {
    String name = resource.getMetadata().getName();
    FailedRecord asked = cluster.patch(name, request.patch(resource), request.action());
    long generation = asked.getMetadata().getGeneration();
    RecordOutcome.Said said =
        timeout == null
            ? new RecordOutcome.Said(false, "Sent", "asked; not waited for")
            : Polling.afterAsking(
                request.action() + " of FailedRecord " + name,
                () -> RecordOutcome.said(cluster.findFailedRecord(name).orElse(null), generation),
                RecordOutcome.Said::last,
                timeout,
                clock);
    String message =
        said.last() || timeout == null
            ? said.message()
            : "not known in time; at last: " + said.message();
    return outcome(resource, request, said.result(), message);
  }

  /** An answer without anything asked. */
  RecordOutcome outcome(FailedRecord resource, Request request, String result, String message) {
    JsonNode correction = request.correction().isEmpty() ? null : request.correction();
    return new RecordOutcome(
        cluster.namespace(),
        resource.getMetadata().getName(),
        request.action().name(),
        correction,
        result,
        message);
  }
}
