package dev.drover.operator.status;

import static dev.drover.operator.status.ConditionTypes.BALANCED;
import static dev.drover.operator.status.ConditionTypes.CAP_ADVISORY;
import static dev.drover.operator.status.ConditionTypes.PLANNED;
import static dev.drover.operator.status.ConditionTypes.QUEUES_READY;
import static dev.drover.operator.status.ConditionTypes.SPEC_VALID;
import static dev.drover.operator.status.ConditionTypes.STAGES_READY;

import dev.drover.api.v1alpha1.Connection;
import dev.drover.api.v1alpha1.MigrationStatus;
import dev.drover.operator.chain.Chain;
import dev.drover.operator.chain.ChainSnapshot;
import dev.drover.operator.privacy.Redaction;
import dev.drover.operator.status.Observation.Planning;
import dev.drover.operator.status.Observation.Queues;
import dev.drover.wire.plan.ChainPlan;
import dev.drover.wire.plan.Finding;
import dev.drover.wire.state.CapAdvisory;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** The status that follows from the previous one and an observation. Pure. */
public final class StatusComposer {
  private static final int FAILURES_MAX = 50;

  /** Fifty causes with key and message stay far below what a resource may have. */
  static final int SAMPLE_LIMIT = 500;

  private static final MigrationStatus NONE =
      new MigrationStatus(
          null, List.of(), null, null, null, null, null, List.of(), null, List.of(), null);

  private StatusComposer() {}

  /**
   * The next status.
   *
   * @param before the previous one; null at the first visit
   * @param generation metadata.generation of the observed spec
   */
  public static MigrationStatus compose(
      @Nullable MigrationStatus before, long generation, Observation seen, Instant now) {
    MigrationStatus previous = before == null ? NONE : before;
    ConditionList conditions = new ConditionList(previous.conditions(), generation, now);
    specValid(conditions, seen);
    planned(conditions, seen);
    queuesReady(conditions, seen);
    List<MigrationStatus.StageStatus> stages = StageStatuses.of(previous, seen);
    stagesReady(conditions, seen, stages);
    balanced(conditions, seen);
    capAdvisory(conditions, seen);
    MigrationStatus.Plan plan = plan(previous, seen);
    String startTime = startTime(previous, seen.snapshot());
    Completion completion = Completion.of(conditions, previous, plan, stages, seen, startTime, now);
    completion.addTo(conditions);
    Summary.addTo(conditions, seen);
    return new MigrationStatus(
        generation,
        conditions.toList(),
        startTime,
        completion.time(),
        stagesReadyText(stages),
        scalingText(stages),
        plan,
        stages,
        completion.progress(),
        failures(previous, seen),
        otherFailures(previous, seen.snapshot()),
        seen.grafting());
  }

  /** The status after a reconciliation that ended in an exception: as before, but not ready. */
  public static MigrationStatus afterError(
      @Nullable MigrationStatus before, long generation, String message, Instant now) {
    MigrationStatus previous = before == null ? NONE : before;
    ConditionList conditions = new ConditionList(previous.conditions(), generation, now);
    for (String type : ConditionTypes.ALL) {
      conditions.keep(type, "NotKnown", "not looked at yet");
    }
    conditions.set(ConditionTypes.READY, "False", "ReconcileFailed", message);
    return new MigrationStatus(
        generation,
        conditions.toList(),
        previous.startTime(),
        previous.completionTime(),
        previous.stagesReady(),
        previous.scaling(),
        previous.plan(),
        previous.stages(),
        previous.progress(),
        previous.failures(),
        previous.otherFailures(),
        previous.grafting());
  }

  private static void specValid(ConditionList conditions, Observation seen) {
    List<Finding> findings = seen.specFindings();
    if (findings.isEmpty()) {
      conditions.set(SPEC_VALID, "True", "Valid", "the spec and its Secrets are in order");
    } else {
      conditions.set(
          SPEC_VALID,
          "False",
          findings.getFirst().reason(),
          ConditionList.list(findings) + meanwhile(seen));
    }
  }

  private static void planned(ConditionList conditions, Observation seen) {
    switch (seen.planning()) {
      case Planning.NotKnown p -> conditions.keep(PLANNED, p.reason(), p.message());
      case Planning.NotBegun p -> conditions.set(PLANNED, "Unknown", p.reason(), p.message());
      case Planning.Pending p ->
          conditions.set(
              PLANNED, "Unknown", reason(p.message()), message(p.message()) + meanwhile(seen));
      case Planning.Refused p ->
          conditions.set(
              PLANNED,
              "False",
              p.findings().getFirst().reason(),
              ConditionList.list(p.findings())
                  + meanwhile(seen)
                  + "\nit is planned again every minute, and at each edit");
      case Planning.Done p ->
          conditions.set(PLANNED, "True", "Planned", planText(p.plan()) + grafts(seen));
    }
  }

  private static String meanwhile(Observation seen) {
    return seen.inForce() == null
        ? ""
        : "\nmeanwhile the plan before this edit, "
            + seen.inForce().revision()
            + ", stays in force";
  }

  /** What a graft will see is told before it is begun. */
  private static String grafts(Observation seen) {
    MigrationStatus.Grafting grafting = seen.grafting();
    return grafting == null
        ? ""
        : grafting.stages().stream()
                .map(
                    g ->
                        "\n"
                            + g.name()
                            + " is "
                            + g.change().toLowerCase(Locale.ROOT)
                            + " ("
                            + g.state()
                            + "): "
                            + g.message())
                .collect(Collectors.joining())
            + meanwhile(seen);
  }

  private static String planText(ChainPlan plan) {
    MigrationStatus.Plan facts = facts("", plan);
    return facts.tables()
        + " tables in "
        + facts.splits()
        + " splits, about "
        + facts.estimatedRecords()
        + " records"
        + (facts.warnings().isEmpty() ? "" : "; " + facts.warnings().size() + " warnings");
  }

  private static void queuesReady(ConditionList conditions, Observation seen) {
    switch (seen.queues()) {
      case Queues.NotNeeded q ->
          conditions.keep(QUEUES_READY, "NotStarted", "queues are made once the plan is ready");
      case Queues.Ready q when q.danger() != null ->
          conditions.set(
              QUEUES_READY,
              "True",
              Chain.NATS_VERSION_UNSAFE,
              "all streams and consumers exist; but " + q.danger());
      case Queues.Ready q ->
          conditions.set(QUEUES_READY, "True", "Ready", "all streams and consumers exist");
      case Queues.Unavailable q -> conditions.set(QUEUES_READY, "False", q.reason(), q.message());
    }
  }

  private static void stagesReady(
      ConditionList conditions, Observation seen, List<MigrationStatus.StageStatus> stages) {
    if (seen.spec().suspend()) {
      conditions.set(STAGES_READY, "False", "Suspended", "spec.suspend is true: no workers");
      return;
    }
    if (seen.inForce() == null || stages.isEmpty()) {
      conditions.set(STAGES_READY, "Unknown", "NotStarted", "stages start once queues are ready");
      return;
    }
    List<String> paused =
        stages.stream()
            .flatMap(
                s -> {
                  MigrationStatus.BudgetExceeded exceeded = s.budgetExceeded();
                  return exceeded == null
                      ? Stream.empty()
                      : Stream.of(BudgetStatuses.text(s.name(), exceeded));
                })
            .toList();
    List<String> stalled =
        stages.stream()
            .filter(s -> s.stalled() != null)
            .map(s -> s.name() + ": " + s.stalled())
            .toList();
    List<String> lacking =
        stages.stream()
            .filter(s -> s.readyReplicas() < s.desiredReplicas())
            .map(s -> s.name() + ": " + s.readyReplicas() + " of " + s.desiredReplicas() + " ready")
            .toList();
    if (!paused.isEmpty()) {
      conditions.set(STAGES_READY, "False", "BudgetExceeded", String.join("\n", paused));
    } else if (!stalled.isEmpty()) {
      // Downstream first: what stands before a stage that stands, stands for it.
      conditions.set(STAGES_READY, "False", "Stalled", String.join("\n", stalled.reversed()));
    } else if (!lacking.isEmpty()) {
      conditions.set(STAGES_READY, "False", "WorkersNotReady", String.join("\n", lacking));
    } else {
      conditions.set(
          STAGES_READY,
          "True",
          "WorkersReady",
          "every stage has its workers" + Summary.suspended(seen));
    }
  }

  private static void balanced(ConditionList conditions, Observation seen) {
    ChainSnapshot snapshot = seen.snapshot();
    if (snapshot == null) {
      conditions.keep(BALANCED, "NotStarted", "nothing is counted yet");
    } else {
      ChainSnapshot.Balance balance = snapshot.balance();
      conditions.set(
          BALANCED, balance.balanced() ? "True" : "False", balance.reason(), balance.message());
    }
  }

  private static void capAdvisory(ConditionList conditions, Observation seen) {
    if (seen.snapshot() == null) {
      conditions.keep(CAP_ADVISORY, "NotStarted", "no stage has connected yet");
      return;
    }
    Map<String, CapAdvisory> advisories = seen.snapshot().advisories();
    List<Connection> connections = seen.spec().connections();
    List<String> unlisted = where(connections, advisories, advisory -> !advisory.listed());
    List<String> shared = where(connections, advisories, CapAdvisory::shared);
    if (unlisted.isEmpty() && shared.isEmpty()) {
      conditions.set(
          CAP_ADVISORY, "False", "SessionsListed", "the servers show which sessions there are");
      return;
    }
    List<String> messages = new ArrayList<>();
    if (!unlisted.isEmpty()) {
      messages.add(
          String.join(", ", unlisted)
              + ": the server's sessions cannot be listed over this connection, since a proxy answers"
              + " for it or its URL has several hosts; after a worker was killed there may be more"
              + " than maxConnections for as long as its session lasts. Give the login a CONNECTION"
              + " LIMIT, or name the server itself in the URL");
    }
    if (!shared.isEmpty()) {
      messages.add(
          String.join(", ", shared)
              + ": another installation of Drover has sessions of the same login, and neither counts"
              + " the other's; together there may be more than maxConnections. Give each"
              + " installation a login of its own");
    }
    conditions.set(
        CAP_ADVISORY,
        "True",
        unlisted.isEmpty() ? "LoginShared" : "SessionsNotListed",
        String.join("; ", messages));
  }

  /** Where in the spec the connections are of whose caps something is known. */
  private static List<String> where(
      List<Connection> connections,
      Map<String, CapAdvisory> advisories,
      Predicate<CapAdvisory> which) {
    List<String> found = new ArrayList<>();
    for (int i = 0; i < connections.size(); i++) {
      String name = connections.get(i).name();
      if (which.test(advisories.getOrDefault(name, CapAdvisory.FIRM))) {
        found.add("spec.connections[" + i + "] (" + name + ")");
      }
    }
    return found;
  }

  private static MigrationStatus.@Nullable Plan plan(MigrationStatus previous, Observation seen) {
    if (seen.inForce() != null) {
      return facts(seen.inForce().revision(), seen.inForce().plan());
    }
    return previous.plan();
  }

  private static MigrationStatus.Plan facts(String revision, ChainPlan plan) {
    return new MigrationStatus.Plan(
        revision,
        plan.tables().size(),
        plan.tables().stream().mapToInt(t -> t.splits().size()).sum(),
        plan.tables().stream().mapToLong(t -> t.estimatedRecords()).sum(),
        plan.findings().stream()
            .filter(f -> f.severity() == Finding.Severity.Warning)
            .limit(FAILURES_MAX)
            .map(f -> f.path() + ": " + f.message())
            .toList());
  }

  private static @Nullable String startTime(
      MigrationStatus previous, @Nullable ChainSnapshot snapshot) {
    if (snapshot == null || snapshot.firstDispatch() == null) {
      return previous.startTime();
    }
    return snapshot.firstDispatch().truncatedTo(ChronoUnit.SECONDS).toString();
  }

  private static String stagesReadyText(List<MigrationStatus.StageStatus> stages) {
    long ready = stages.stream().filter(s -> s.readyReplicas() >= s.desiredReplicas()).count();
    return ready + "/" + stages.size();
  }

  private static String scalingText(List<MigrationStatus.StageStatus> stages) {
    return stages.stream()
        .map(
            s ->
                s.name()
                    + " "
                    + s.readyReplicas()
                    + "/"
                    + s.desiredReplicas()
                    + " "
                    + s.scaling().reason())
        .collect(Collectors.joining(", "));
  }

  private static List<MigrationStatus.FailureSummary> failures(
      MigrationStatus previous, Observation seen) {
    if (seen.snapshot() == null) {
      return previous.failures();
    }
    Redaction redaction = Redaction.of(seen.spec());
    return seen.snapshot().failures().causes().stream()
        .limit(FAILURES_MAX)
        .map(f -> summary(f, redaction))
        .toList();
  }

  private static MigrationStatus.FailureSummary summary(
      ChainSnapshot.FailureCount cause, Redaction redaction) {
    Redaction.Shown sample =
        redaction.show(cause.sample().message(), cause.sample().schema(), SAMPLE_LIMIT);
    return new MigrationStatus.FailureSummary(
        cause.records(),
        cause.stage(),
        cause.step(),
        cause.code(),
        cause.table(),
        cause.subject().isEmpty() ? null : cause.subject(),
        cause.fingerprint(),
        cause.firstSeen(),
        cause.lastSeen(),
        bounded(sample.key()),
        bounded(sample.message()));
  }

  static String bounded(String text) {
    return text.length() <= SAMPLE_LIMIT ? text : text.substring(0, SAMPLE_LIMIT - 1) + "…";
  }

  private static MigrationStatus.@Nullable OtherFailures otherFailures(
      MigrationStatus previous, @Nullable ChainSnapshot snapshot) {
    if (snapshot == null) {
      return previous.otherFailures();
    }
    ChainSnapshot.Failures failures = snapshot.failures();
    return failures.otherCauses() == 0
        ? null
        : new MigrationStatus.OtherFailures(failures.otherCauses(), failures.otherRecords());
  }

  /** The planner begins what it waits for with a reason: {@code DatabaseUnavailable: …}. */
  private static String reason(String message) {
    int colon = message.indexOf(':');
    return colon > 0 && message.substring(0, colon).matches("[A-Z][A-Za-z]+")
        ? message.substring(0, colon)
        : "Planning";
  }

  private static String message(String message) {
    String reason = reason(message) + ": ";
    return message.startsWith(reason) ? message.substring(reason.length()) : message;
  }
}
