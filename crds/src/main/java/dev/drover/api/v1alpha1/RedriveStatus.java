package dev.drover.api.v1alpha1;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import com.fasterxml.jackson.databind.JsonNode;
import io.fabric8.crd.generator.annotation.PreserveUnknownFields;
import io.fabric8.generator.annotation.Required;
import io.fabric8.generator.annotation.Size;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** How far a Redrive is. Written by the operator only. All counts are of records. */
@JsonInclude(JsonInclude.Include.NON_NULL)
public record RedriveStatus(
    @JsonPropertyDescription("metadata.generation that this status is about.")
        @Nullable Long observedGeneration,
    @Size(max = 10)
        @JsonPropertyDescription(
            "Valid: whether it can be done as asked. Complete: whether it is done. Ready: whether it"
                + " is done and every record is out of the way.")
        List<Condition> conditions,
    @JsonPropertyDescription(
            "Number of the error queue's last message when it began: later failures are not its.")
        @Nullable Long lastSequence,
    @JsonPropertyDescription("Records that the selector chose.") long selected,
    @JsonPropertyDescription("Records sent to their stages again.") long sent,
    @JsonPropertyDescription("Of those sent: passed, loaded, or left out by a filter.")
        long resolved,
    @JsonPropertyDescription("Of those sent: in the error queue once more.") long failedAgain,
    @JsonPropertyDescription("Records given up.") long waived,
    @JsonPropertyDescription("Records that somebody else had sent, or given up, before.")
        long skipped,
    @JsonPropertyDescription(
            "Records that could not be sent as asked; they stay in the error queue.")
        long refused,
    @Size(max = 3) @JsonPropertyDescription("Some of the records, before and after the change.")
        List<Sample> samples,
    @JsonPropertyDescription("When it began.") @Nullable String startTime,
    @JsonPropertyDescription("When it ended.") @Nullable String completionTime,
    @Size(max = 30)
        @JsonPropertyDescription("Why records are in refused, those of most records first.")
        List<Refusal> refusals) {

  @SuppressWarnings("NullAway") // absent fields of a stored status arrive as null
  public RedriveStatus {
    conditions = conditions == null ? List.of() : List.copyOf(conditions);
    samples = samples == null ? List.of() : List.copyOf(samples);
    refusals = refusals == null ? List.of() : List.copyOf(refusals);
  }

  /** Why some records were not sent. */
  @JsonInclude(JsonInclude.Include.NON_NULL)
  public record Refusal(
      @Required
          @JsonPropertyDescription(
              "SourceRowGone, SourceRowUnreadable, SourceRowTooLarge, NoSourceKey, FilteredBefore,"
                  + " FailsBefore, ChangeRefused, …")
          String code,
      @Size(max = 4000) @JsonPropertyDescription("Why, and what to do.") String message,
      @JsonPropertyDescription("How many records.") long records) {}

  /** A record that was chosen. */
  @JsonInclude(JsonInclude.Include.NON_NULL)
  public record Sample(
      @Required @JsonPropertyDescription("Number of its message in the error queue.")
          long errorSequence,
      @JsonPropertyDescription("The stage that refused it.") String stage,
      @JsonPropertyDescription("Source table.") String table,
      @Size(max = 4000) @JsonPropertyDescription("Its key at the source.") String key,
      @PreserveUnknownFields @JsonPropertyDescription("As it failed; long values are cut.")
          @Nullable JsonNode before,
      @PreserveUnknownFields @JsonPropertyDescription("As it is sent; long values are cut.")
          @Nullable JsonNode after,
      @Size(max = 4000) @JsonPropertyDescription("Why it cannot be sent as asked.")
          @Nullable String refusal,
      @Size(max = 500)
          @JsonPropertyDescription(
              "Fields that earlier changes gave values of others, or computed of them; a field named *"
                  + " is any.")
          @Nullable List<FailedRecordStatus.Copied> madeOf) {}
}
