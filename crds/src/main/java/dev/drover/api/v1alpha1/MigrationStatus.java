package dev.drover.api.v1alpha1;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Required;
import io.fabric8.generator.annotation.Size;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What the operator found. Written by the operator only. */
@JsonInclude(JsonInclude.Include.NON_NULL)
public record MigrationStatus(
    @JsonPropertyDescription("metadata.generation that this status is about.")
        @Nullable Long observedGeneration,
    @Size(max = 20)
        @JsonPropertyDescription(
            "SpecValid, Planned, QueuesReady, StagesReady, Balanced, CapAdvisory, Completed, and the summary"
                + " Ready.")
        List<Condition> conditions,
    @JsonPropertyDescription("When the first split was dispatched.") @Nullable String startTime,
    @JsonPropertyDescription("When the last record was decided.") @Nullable String completionTime,
    @JsonPropertyDescription("Stages whose workers are as many as wanted, of all: 4/4.")
        @Nullable String stagesReady,
    @Size(max = 4000)
        @JsonPropertyDescription(
            "Ready of wanted workers of each stage and why so many are wanted: read 2/4 Draining,"
                + " load 1/1 Idle.")
        @Nullable String scaling,
    @JsonPropertyDescription("The plan in force.") @Nullable Plan plan,
    @Size(max = 40) @JsonPropertyDescription("Each stage, in the order of the spec.")
        List<StageStatus> stages,
    @JsonPropertyDescription("The whole migration in numbers.") @Nullable Progress progress,
    @Size(max = 50)
        @JsonPropertyDescription("Open failures by cause, most first; at most 50 causes.")
        List<FailureSummary> failures,
    @JsonPropertyDescription("Open failures of causes beyond those in failures, summed.")
        @Nullable OtherFailures otherFailures,
    @JsonPropertyDescription("Stages that come or go while records move; absent when none does.")
        @Nullable Grafting grafting) {

  @SuppressWarnings("NullAway") // absent fields of a stored status arrive as null
  public MigrationStatus {
    conditions = conditions == null ? List.of() : List.copyOf(conditions);
    stages = stages == null ? List.of() : List.copyOf(stages);
    failures = failures == null ? List.of() : List.copyOf(failures);
  }

  /** The status of a Migration whose stages neither come nor go. */
  public MigrationStatus(
      @Nullable Long observedGeneration,
      List<Condition> conditions,
      @Nullable String startTime,
      @Nullable String completionTime,
      @Nullable String stagesReady,
      @Nullable String scaling,
      @Nullable Plan plan,
      List<StageStatus> stages,
      @Nullable Progress progress,
      List<FailureSummary> failures,
      @Nullable OtherFailures otherFailures) {
    this(
        observedGeneration,
        conditions,
        startTime,
        completionTime,
        stagesReady,
        scaling,
        plan,
        stages,
        progress,
        failures,
        otherFailures,
        null);
  }

  /** How an edit of the stages is carried out. */
  @JsonInclude(JsonInclude.Include.NON_NULL)
  public record Grafting(
      @JsonPropertyDescription("Hash of the planned chain that is to be.") String revision,
      @Size(max = 80) @JsonPropertyDescription("Each stage that comes or goes.")
          List<Graft> stages) {
    @SuppressWarnings("NullAway") // absent fields of a stored status arrive as null
    public Grafting {
      stages = stages == null ? List.of() : List.copyOf(stages);
    }
  }

  /** A stage that comes or goes. */
  @JsonInclude(JsonInclude.Include.NON_NULL)
  public record Graft(
      @Required @JsonPropertyDescription("Name of the stage.") String name,
      @JsonPropertyDescription(
              "Added, Inserted, Removed (once it is drained) or Abandoned (what it has left is given"
                  + " up).")
          String change,
      @JsonPropertyDescription(
              "Planned (nothing is begun) or EdgeDraining (a queue before it takes nothing until what"
                  + " is in it is decided).")
          String state,
      @JsonPropertyDescription("What the stage will see of the records, or what is waited for.")
          String message) {}

  /** What planning found. */
  @JsonInclude(JsonInclude.Include.NON_NULL)
  public record Plan(
      @JsonPropertyDescription("Hash of the planned chain.") String revision,
      @JsonPropertyDescription("Tables to read.") int tables,
      @JsonPropertyDescription("Splits that they were cut into.") int splits,
      @JsonPropertyDescription("Records to read, by the source's statistics: an estimate.")
          long estimatedRecords,
      @Size(max = 50) @JsonPropertyDescription("What is worth knowing, though the migration runs.")
          List<String> warnings) {
    @SuppressWarnings("NullAway") // absent fields of a stored status arrive as null
    public Plan {
      warnings = warnings == null ? List.of() : List.copyOf(warnings);
    }
  }

  /** One stage. */
  @JsonInclude(JsonInclude.Include.NON_NULL)
  public record StageStatus(
      @Required @JsonPropertyDescription("Name of the stage.") String name,
      @JsonPropertyDescription("extract, transform, enrich or load.") String kind,
      @JsonPropertyDescription(
              "Waiting, Running, Finishing (all records are decided; indexes, sequences and"
                  + " statistics of the target are not), Stalled, Paused (its error budget is"
                  + " exceeded), Suspended or Done.")
          String state,
      @JsonPropertyDescription("How many workers, and why.") Scaling scaling,
      @JsonPropertyDescription("Why the stage does not move on, if so.") @Nullable String stalled,
      @JsonPropertyDescription(
              "How its error budget was exceeded, while the stage is paused for it.")
          @Nullable BudgetExceeded budgetExceeded,
      @JsonPropertyDescription("Messages that wait for this stage or are being worked on.")
          long backlogMessages,
      @JsonPropertyDescription("About how many records that is.") long backlogRecords,
      @JsonPropertyDescription("Records that the stage received; for an extract, read.")
          long inRecords,
      @JsonPropertyDescription("Records handed on, or loaded.") long passedRecords,
      @JsonPropertyDescription("Records left out by a filter.") long filteredRecords,
      @JsonPropertyDescription("Records in the error queue.") long failedRecords,
      @JsonPropertyDescription("Records that wait for what they point to.") long waitingRecords,
      @JsonPropertyDescription("Failed records that were given up.") long waivedRecords) {
    /** Workers that are wanted. */
    public int desiredReplicas() {
      return scaling.desired();
    }

    /** Workers that are ready. */
    public int readyReplicas() {
      return scaling.ready();
    }
  }

  /** An error budget that is exceeded. */
  @JsonInclude(JsonInclude.Include.NON_NULL)
  public record BudgetExceeded(
      @JsonPropertyDescription("When.") String time,
      @JsonPropertyDescription("The field of the error budget that was exceeded.") String limit,
      @JsonPropertyDescription("Records that were counted then.") long records,
      @JsonPropertyDescription("Of these, failures that were counted together.") long failedRecords,
      @JsonPropertyDescription("Hash of the cause with the most failures.") String fingerprint,
      @JsonPropertyDescription("How many it had.") long fingerprintRecords,
      @JsonPropertyDescription("Where in the stage, such as steps[0] or load.")
          @Nullable String step,
      @JsonPropertyDescription("Code of the failure.") @Nullable String code,
      @JsonPropertyDescription("Source table.") @Nullable String table,
      @JsonPropertyDescription("Column, constraint or field concerned, if one is known.")
          @Nullable String subject,
      @JsonPropertyDescription("Key of one of its records.") @Nullable String sampleKey,
      @JsonPropertyDescription("Message of one of its records.") @Nullable String message) {}

  /** How many workers a stage has, and why. */
  @JsonInclude(JsonInclude.Include.NON_NULL)
  public record Scaling(
      @JsonPropertyDescription("Workers that are wanted.") int desired,
      @JsonPropertyDescription("Workers that there are, ready or starting.") int current,
      @JsonPropertyDescription("Workers that are ready.") int ready,
      @JsonPropertyDescription(
              "Why that many are wanted: Draining (as the backlog calls for), MaxReplicas,"
                  + " MinReplicas, ConnectionCap, RateCap, Stabilizing (fewer would do, they stay a"
                  + " while), DownstreamFull, Bottlenecked (more completed no more), Stalled,"
                  + " RetryStorm, Expecting, Finishing, Idle, Done, NoData (nothing is changed),"
                  + " Suspended, OutsideWindow or BudgetExceeded.")
          String reason,
      @JsonPropertyDescription("The same with its numbers.") String message) {}

  /** The whole in numbers. Records of several loads are added up. */
  @JsonInclude(JsonInclude.Include.NON_NULL)
  public record Progress(
      @JsonPropertyDescription("Records read at the sources.") long extractedRecords,
      @JsonPropertyDescription("Records committed at the targets.") long loadedRecords,
      @JsonPropertyDescription("Records left out by filters.") long filteredRecords,
      @JsonPropertyDescription("Records in the error queue.") long failedRecords,
      @JsonPropertyDescription("Records that wait for what they point to.") long waitingRecords,
      @JsonPropertyDescription("Failed records that were given up.") long waivedRecords,
      @JsonPropertyDescription("How far, by the plan's estimate: 87%.") String percent,
      @JsonPropertyDescription("Time left at the present rate, such as 3m.") @Nullable String eta,
      @JsonPropertyDescription("Seconds from the first split to completion.")
          @Nullable Long durationSeconds) {}

  /** Failures of one cause. */
  @JsonInclude(JsonInclude.Include.NON_NULL)
  public record FailureSummary(
      @JsonPropertyDescription("Open failures of this cause.") long records,
      @JsonPropertyDescription("Stage that refused the records.") String stage,
      @JsonPropertyDescription("Where in the stage, such as steps[0] or load.")
          @Nullable String step,
      @JsonPropertyDescription("Code of the failure.") String code,
      @JsonPropertyDescription("Source table.") String table,
      @JsonPropertyDescription("Column, constraint or field concerned, if one is known.")
          @Nullable String subject,
      @JsonPropertyDescription("Hash that all failures of this cause share.") String fingerprint,
      @JsonPropertyDescription("When the oldest of them failed first.")
          @Nullable String firstSeenTime,
      @JsonPropertyDescription("When the newest of them failed; may lag by some seconds.")
          @Nullable String lastSeenTime,
      @JsonPropertyDescription("Key of one of them.") @Nullable String sampleKey,
      @JsonPropertyDescription("Message of one of them.") @Nullable String message) {}

  /** Failures of causes that are not listed. */
  public record OtherFailures(
      @JsonPropertyDescription("How many causes.") long causes,
      @JsonPropertyDescription("How many open failures they have in all.") long records) {}
}
