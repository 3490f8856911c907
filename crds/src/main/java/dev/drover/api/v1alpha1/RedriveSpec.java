package dev.drover.api.v1alpha1;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import com.fasterxml.jackson.databind.JsonNode;
import io.fabric8.crd.generator.annotation.PreserveUnknownFields;
import io.fabric8.generator.annotation.Default;
import io.fabric8.generator.annotation.Max;
import io.fabric8.generator.annotation.Min;
import io.fabric8.generator.annotation.Pattern;
import io.fabric8.generator.annotation.Required;
import io.fabric8.generator.annotation.Size;
import io.fabric8.generator.annotation.ValidationRule;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What the user wants done with many failed records. */
@JsonInclude(JsonInclude.Include.NON_NULL)
@ValidationRule(
    value = "self.action != 'Waive' || (has(self.reason) && self.reason.matches('\\\\S'))",
    message = "reason: say why the records are given up")
@ValidationRule(
    value = "self.action != 'Waive' || !(has(self.correction) || has(self.set))",
    message = "correction, set: waived records are not sent again, so they take no change")
@ValidationRule(
    value = "self.startAt != 'Source' || !(has(self.correction) || has(self.set))",
    message =
        "startAt: records that are read again at the source are corrected there, so they take no"
            + " change; take correction and set out, or write startAt: Stage")
@ValidationRule(
    value = "self.startAt != 'Source' || self.action != 'Waive'",
    message = "startAt: waived records are not sent again; write startAt: Stage, or leave it out")
@ValidationRule(
    value = "!(has(self.correction) && has(self.set))",
    message = "correction, set: give one of the two")
@ValidationRule(
    value =
        "self.migrationName == oldSelf.migrationName && self.action == oldSelf.action"
            + " && self.dryRun == oldSelf.dryRun && self.startAt == oldSelf.startAt"
            + " && has(self.selector) == has(oldSelf.selector)"
            + " && (!has(self.selector) || self.selector == oldSelf.selector)"
            + " && has(self.reason) == has(oldSelf.reason)"
            + " && (!has(self.reason) || self.reason == oldSelf.reason)"
            + " && has(self.correction) == has(oldSelf.correction)"
            + " && (!has(self.correction) || self.correction == oldSelf.correction)"
            + " && has(self.set) == has(oldSelf.set) && (!has(self.set) || self.set == oldSelf.set)"
            + " && has(self.ramp) == has(oldSelf.ramp)"
            + " && (!has(self.ramp) || self.ramp == oldSelf.ramp)"
            + " && has(self.stopOn) == has(oldSelf.stopOn)"
            + " && (!has(self.stopOn) || self.stopOn == oldSelf.stopOn)",
    message =
        "only suspend and ratePerSecond can be changed: what was sent cannot be called back; make"
            + " another Redrive")
public record RedriveSpec(
    @Required
        @Size(min = 1, max = 253)
        @JsonPropertyDescription("The Migration, in the same namespace.")
        String migrationName,
    @JsonPropertyDescription(
            "Which failed records: those for which every field that is given holds. Without it, all.")
        @Nullable Selector selector,
    @Default("Replay")
        @JsonPropertyDescription(
            "Replay sends the records, changed if there is a correction or set, to the stage that"
                + " refused them. Waive accepts their failure for good.")
        Action action,
    @Default("Stage")
        @JsonPropertyDescription(
            "Where a replay begins. Stage sends the records as they came to the stages that refused"
                + " them. Source reads their rows again by their keys, as they are now, takes them"
                + " through the stages before, and sends what comes through: for when the source was"
                + " mended. What does not come through stays in the error queue, and status.refusals"
                + " tells why.")
        StartAt startAt,
    @Size(min = 1, max = 1000)
        @JsonPropertyDescription("Why, for whoever reads this later; needed to waive.")
        @Nullable String reason,
    @PreserveUnknownFields
        @JsonPropertyDescription(
            "Fields to change in every record before the replay, merged over it (JSON merge patch,"
                + " RFC 7386); null sets a field to null.")
        @Nullable JsonNode correction,
    @Size(min = 1, max = 100)
        @JsonPropertyDescription(
            "Fields to compute in every record before the replay, in order; each sees those before"
                + " it. The fields must be there, and keep their types.")
        @Nullable List<Step.Assignment> set,
    @Min(1)
        @Max(1000000)
        @JsonPropertyDescription("The most records to send in a second; without it, no bound.")
        @Nullable Integer ratePerSecond,
    @Size(min = 1, max = 20)
        @JsonPropertyDescription(
            "How many records to send before waiting for what becomes of them, step by step, such as"
                + " [1, 10, 100, 1000]; after the last step, the rest.")
        @Nullable List<@Min(1) @Max(10000000) Integer> ramp,
    @JsonPropertyDescription("When to send no more, because too many fail again.")
        @Nullable StopOn stopOn,
    @Default("false")
        @JsonPropertyDescription(
            "Counts the records, tries the change on each, shows three of them, sends nothing.")
        @Nullable Boolean dryRun,
    @Default("false") @JsonPropertyDescription("Sends nothing while true; takes up again after.")
        @Nullable Boolean suspend) {

  @SuppressWarnings("NullAway") // absent fields of a stored resource arrive as null
  public RedriveSpec {
    action = action == null ? Action.Replay : action;
    startAt = startAt == null ? StartAt.Stage : startAt;
    dryRun = dryRun == null ? Boolean.FALSE : dryRun;
    suspend = suspend == null ? Boolean.FALSE : suspend;
  }

  /** A spec that starts at the stages. */
  public RedriveSpec(
      String migrationName,
      @Nullable Selector selector,
      Action action,
      @Nullable String reason,
      @Nullable JsonNode correction,
      @Nullable List<Step.Assignment> set,
      @Nullable Integer ratePerSecond,
      @Nullable List<Integer> ramp,
      @Nullable StopOn stopOn,
      @Nullable Boolean dryRun,
      @Nullable Boolean suspend) {
    this(
        migrationName,
        selector,
        action,
        StartAt.Stage,
        reason,
        correction,
        set,
        ratePerSecond,
        ramp,
        stopOn,
        dryRun,
        suspend);
  }

  /** What to do. */
  public enum Action {
    /** Send them again. */
    Replay,
    /** Give them up. */
    Waive
  }

  /** Which failed records. */
  @JsonInclude(JsonInclude.Include.NON_NULL)
  @ValidationRule(
      value = "!has(self.seenAfter) || timestamp(self.seenAfter) == timestamp(self.seenAfter)",
      message = "seenAfter: there is no such day; write a time such as 2026-01-31T23:59:59Z")
  @ValidationRule(
      value = "!has(self.seenBefore) || timestamp(self.seenBefore) == timestamp(self.seenBefore)",
      message = "seenBefore: there is no such day; write a time such as 2026-01-31T23:59:59Z")
  public record Selector(
      @Size(min = 1, max = 50)
          @Pattern(STAGE)
          @JsonPropertyDescription("The stage that refused them.")
          @Nullable String stage,
      @Size(min = 1, max = 60) @JsonPropertyDescription("Code of the failure.")
          @Nullable String code,
      @Pattern("^[0-9a-f]{16}$")
          @JsonPropertyDescription(
              "The cause, as status.failures of the Migration and the FailedRecords name it.")
          @Nullable String fingerprint,
      @Size(min = 3, max = 130) @JsonPropertyDescription("Source table, schema.table.")
          @Nullable String table,
      @Size(max = 40)
          @Pattern(INSTANT)
          @JsonPropertyDescription("Failed last at this time or later: 2026-01-31T23:59:59Z.")
          @Nullable String seenAfter,
      @Size(max = 40)
          @Pattern(INSTANT)
          @JsonPropertyDescription("Failed last before this time: 2026-01-31T23:59:59Z.")
          @Nullable String seenBefore,
      @Size(min = 1, max = 1000)
          @JsonPropertyDescription("Keys at the source, as FailedRecords show them in status.key.")
          @Nullable List<@Size(min = 1, max = 4000) String> keys,
      @Size(min = 1, max = 1000)
          @JsonPropertyDescription(
              "Numbers of their messages in the error queue, as FailedRecords show them in"
                  + " status.errorSequence.")
          @Nullable List<@Min(1) Long> errorSequences,
      @Min(1)
          @JsonPropertyDescription(
              "Only those with a number of at most this in the error queue: what comes later is left"
                  + " alone. Such as status.lastSequence of a dry run.")
          @Nullable Long upToErrorSequence) {
    /** By what is known of the failure. */
    public Selector(
        @Nullable String stage,
        @Nullable String code,
        @Nullable String fingerprint,
        @Nullable String table,
        @Nullable String seenAfter,
        @Nullable String seenBefore,
        @Nullable List<String> keys) {
      this(stage, code, fingerprint, table, seenAfter, seenBefore, keys, null, null);
    }

    /** A stage's name, also of a copy that was made for a graft. */
    public static final String STAGE = "^[a-z]([-_a-z0-9]*[a-z0-9])?$";

    private static final String INSTANT =
        "^\\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\\d|3[01])T([01]\\d|2[0-3]):[0-5]\\d:[0-5]\\d(\\.\\d{1,9})?Z$";
  }

  /** When to send no more. */
  @JsonInclude(JsonInclude.Include.NON_NULL)
  @ValidationRule(
      value = "has(self.count) || has(self.percent)",
      message = "give a count, a percent, or both")
  public record StopOn(
      @Min(1) @Max(1000000000) @JsonPropertyDescription("Once so many records have failed again.")
          @Nullable Integer count,
      @Min(0)
          @Max(100)
          @JsonPropertyDescription(
              "Once more than so many of a hundred records, of those decided so far, have failed"
                  + " again.")
          @Nullable Integer percent) {}
}
