package dev.drover.api.v1alpha1;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Default;
import io.fabric8.generator.annotation.Max;
import io.fabric8.generator.annotation.Min;
import io.fabric8.generator.annotation.ValidationRule;
import org.jspecify.annotations.Nullable;

/** How many records may fail at a stage before it is paused. */
@JsonInclude(JsonInclude.Include.NON_NULL)
@ValidationRule(
    value = "has(self.maxRecords) || has(self.maxPercent)",
    message = "errorBudget: give maxRecords, maxPercent or both; without either it has no limit")
@ValidationRule(
    value = "!has(self.minRecords) || has(self.maxPercent)",
    message =
        "errorBudget.minRecords: says when maxPercent is judged; give maxPercent too, or remove it")
public record ErrorBudget(
    @Min(0)
        @Max(1000000000000L)
        @JsonPropertyDescription(
            "The most records that may fail; the stage is paused by the next one. 0 pauses it by the"
                + " first.")
        @Nullable Long maxRecords,
    @Min(0)
        @Max(99)
        @JsonPropertyDescription(
            "The most of 100 received records that may fail, judged once minRecords are counted.")
        @Nullable Integer maxPercent,
    @Min(1)
        @Max(1000000000000L)
        @JsonPropertyDescription(
            "How many records the stage must have received before maxPercent is judged, so that a"
                + " bad beginning is no verdict; 1000 if it is not given.")
        @Nullable Long minRecords,
    @Min(10)
        @Max(2592000)
        @JsonPropertyDescription(
            "Over how many of the last seconds is counted. Without it all counts since the budget"
                + " began.")
        @Nullable Integer windowSeconds,
    @Default("Stage")
        @JsonPropertyDescription(
            "Stage counts all failures of the stage together; Fingerprint those of each cause by"
                + " itself, so that many small causes do not add up.")
        Scope per,
    @Default("PauseStage")
        @JsonPropertyDescription(
            "What happens when the budget is exceeded. PauseStage: the stage's workers finish what"
                + " they hold and take nothing more; its queue is kept and fills up, the other stages"
                + " go on. The stage goes on, and a new count begins, when its error budget is edited"
                + " (raise it, or raise attempt) or its own work is (mend the rule).")
        Action action,
    @Default("0")
        @Min(0)
        @Max(1000000)
        @JsonPropertyDescription(
            "Raise it to let a paused stage go on, and begin a new count, with nothing else changed.")
        @Nullable Integer attempt) {

  @SuppressWarnings("NullAway") // absent fields of a stored manifest arrive as null
  public ErrorBudget {
    per = per == null ? Scope.Stage : per;
    action = action == null ? Action.PauseStage : action;
    attempt = attempt == null ? 0 : attempt;
  }

  /** Whose failures are counted together. */
  public enum Scope {
    /** All failures of the stage. */
    Stage,
    /** Those of each cause by itself. */
    Fingerprint
  }

  /** What happens when too many have failed. */
  public enum Action {
    /** The stage takes nothing more until it is edited. */
    PauseStage
  }
}
