package dev.drover.api.v1alpha1;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import com.fasterxml.jackson.databind.JsonNode;
import io.fabric8.crd.generator.annotation.PreserveUnknownFields;
import io.fabric8.generator.annotation.Size;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What is known of a failed record. Written by the operator only. */
@JsonInclude(JsonInclude.Include.NON_NULL)
public record FailedRecordStatus(
    @JsonPropertyDescription("metadata.generation that this status is about.")
        @Nullable Long observedGeneration,
    @JsonPropertyDescription("The Migration.") String migrationName,
    @JsonPropertyDescription("The stage that refused the record.") String stage,
    @JsonPropertyDescription("Where in the stage, such as steps[0] or load.") String step,
    @JsonPropertyDescription("Source table, schema.table.") String table,
    @Size(max = 4000)
        @JsonPropertyDescription(
            "The record's key at the source; a key of several columns is a JSON array.")
        String key,
    @JsonPropertyDescription(
            "Record: the record itself is wrong. Dependency: what it points to never arrived.")
        String failureClass,
    @JsonPropertyDescription("Code of the failure.") String code,
    @Size(max = 4000) @JsonPropertyDescription("The failure for people.") String message,
    @JsonPropertyDescription("Hash that all failures of this cause share.") String fingerprint,
    @JsonPropertyDescription("Number of the record's message in the error queue.")
        long errorSequence,
    @PreserveUnknownFields
        @JsonPropertyDescription(
            "The record as it entered the stage, at most 64 KiB; longer values are cut and named in"
                + " cutFields.")
        @Nullable JsonNode record,
    @Size(max = 2000)
        @JsonPropertyDescription("Fields of record that are shown cut, in truth longer.")
        List<String> cutFields,
    @Size(max = 2000)
        @JsonPropertyDescription(
            "Fields of record that spec.failedRecords of the Migration masks; * among them when it shows no"
                + " record. The error queue holds their values, and a correction may name them.")
        List<String> maskedFields,
    @JsonPropertyDescription("How often it was sent again.") int replays,
    @JsonPropertyDescription("When it failed first.") @Nullable String firstSeenTime,
    @JsonPropertyDescription("When it failed last.") @Nullable String lastSeenTime,
    @JsonPropertyDescription("Generation of spec whose action was carried out last.")
        @Nullable Long handledGeneration,
    @Size(max = 10)
        @JsonPropertyDescription(
            "What was asked, by whom, and what came of it; the last ten, the newest last.")
        List<Attempt> history,
    @Size(max = 10)
        @JsonPropertyDescription(
            "Resolved: whether the record is out of the way; its reason is the state that kubectl get"
                + " shows. Replaying: whether it was sent again and is not decided yet.")
        List<Condition> conditions,
    @Size(max = 4000)
        @JsonPropertyDescription(
            "By which chain revision each stage worked on the record, the one that refused it last:"
                + " read=4b1c… clean=9ae0…")
        @Nullable String revisions,
    @JsonPropertyDescription("The record's row at the source, as spec.showSource asked for it.")
        @Nullable SourceRow sourceRow,
    @Size(max = 500)
        @JsonPropertyDescription(
            "Fields of record that earlier changes gave values of others, or computed of them; a field"
                + " named * is any. They are masked where one of those is.")
        @Nullable List<Copied> madeOf) {

  @SuppressWarnings("NullAway") // absent fields of a stored status arrive as null
  public FailedRecordStatus {
    cutFields = cutFields == null ? List.of() : List.copyOf(cutFields);
    maskedFields = maskedFields == null ? List.of() : List.copyOf(maskedFields);
    history = history == null ? List.of() : List.copyOf(history);
    conditions = conditions == null ? List.of() : List.copyOf(conditions);
  }

  /** A status that shows no row of the source. */
  public FailedRecordStatus(
      @Nullable Long observedGeneration,
      String migrationName,
      String stage,
      String step,
      String table,
      String key,
      String failureClass,
      String code,
      String message,
      String fingerprint,
      long errorSequence,
      @Nullable JsonNode record,
      List<String> cutFields,
      List<String> maskedFields,
      int replays,
      @Nullable String firstSeenTime,
      @Nullable String lastSeenTime,
      @Nullable Long handledGeneration,
      List<Attempt> history,
      List<Condition> conditions,
      @Nullable String revisions) {
    this(
        observedGeneration,
        migrationName,
        stage,
        step,
        table,
        key,
        failureClass,
        code,
        message,
        fingerprint,
        errorSequence,
        record,
        cutFields,
        maskedFields,
        replays,
        firstSeenTime,
        lastSeenTime,
        handledGeneration,
        history,
        conditions,
        revisions,
        null,
        null);
  }

  /** This with a row of the source. */
  public FailedRecordStatus showing(@Nullable SourceRow row) {
    return new FailedRecordStatus(
        observedGeneration,
        migrationName,
        stage,
        step,
        table,
        key,
        failureClass,
        code,
        message,
        fingerprint,
        errorSequence,
        record,
        cutFields,
        maskedFields,
        replays,
        firstSeenTime,
        lastSeenTime,
        handledGeneration,
        history,
        conditions,
        revisions,
        row,
        madeOf);
  }

  /** This with what its fields are made of. */
  public FailedRecordStatus madeOf(@Nullable List<Copied> made) {
    return new FailedRecordStatus(
        observedGeneration,
        migrationName,
        stage,
        step,
        table,
        key,
        failureClass,
        code,
        message,
        fingerprint,
        errorSequence,
        record,
        cutFields,
        maskedFields,
        replays,
        firstSeenTime,
        lastSeenTime,
        handledGeneration,
        history,
        conditions,
        revisions,
        sourceRow,
        made);
  }

  /** What the source has in the place of the record. */
  @JsonInclude(JsonInclude.Include.NON_NULL)
  public record SourceRow(
      @JsonPropertyDescription("spec.showSource that asked for it.") int request,
      @JsonPropertyDescription("When it was read, or asked for.") String time,
      @JsonPropertyDescription(
              "Read; Reading until then, message says by which Redrive; or why there is no record to"
                  + " show: SourceRowGone, NoSourceKey, FailsBefore, FilteredBefore, …")
          String result,
      @Size(max = 4000) @JsonPropertyDescription("Why, and what to do.") @Nullable String message,
      @PreserveUnknownFields
          @JsonPropertyDescription(
              "The row as the stages before would hand it to the stage now, to be held against"
                  + " status.record; masked alike. Long values are cut, it has some KiB at most.")
          @Nullable JsonNode record) {}

  /** Something that was tried with the record. */
  @JsonInclude(JsonInclude.Include.NON_NULL)
  public record Attempt(
      @JsonPropertyDescription("Replay or Waive.") String action,
      @JsonPropertyDescription("When the operator took it up.") String time,
      @Size(max = 500)
          @JsonPropertyDescription(
              "Who asked: the user's name where the chart's admission policy noted it, else the field"
                  + " manager that wrote spec.")
          @Nullable String by,
      @JsonPropertyDescription("metadata.generation that asked; absent if another object did.")
          @Nullable Long generation,
      @Size(max = 1000)
          @JsonPropertyDescription("Why, as spec.reason said; of the Redrive, if one asked.")
          @Nullable String reason,
      @PreserveUnknownFields
          @JsonPropertyDescription(
              "The fields that were changed, as a merge patch, also where a JSON patch was asked for."
                  + " Masked as record is, also where a JSON patch copied a masked value; long values"
                  + " are cut. Absent if the record went as it was.")
          @Nullable JsonNode correction,
      @Size(max = 500)
          @JsonPropertyDescription(
              "Which of them a JSON patch gave values of other fields; a field named * is any.")
          @Nullable List<Copied> copied,
      @Size(max = 100)
          @JsonPropertyDescription("The fields that a Redrive computed, as its spec.set said.")
          @Nullable List<Step.Assignment> set,
      @JsonPropertyDescription(
              "Sent, Waiting, Replayed, FailedAgain, Waived or Refused (nothing was sent).")
          String result,
      @Size(max = 1000) @JsonPropertyDescription("What came of it, for people.")
          @Nullable String message) {}

  /** A field whose value was copied, or computed. */
  public record Copied(
      @JsonPropertyDescription("The field.") String field,
      @JsonPropertyDescription("The fields whose values went into it.") List<String> from) {}
}
