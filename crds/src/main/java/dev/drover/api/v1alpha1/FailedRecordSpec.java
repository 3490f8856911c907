package dev.drover.api.v1alpha1;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import com.fasterxml.jackson.databind.JsonNode;
import io.fabric8.crd.generator.annotation.PreserveUnknownFields;
import io.fabric8.generator.annotation.Default;
import io.fabric8.generator.annotation.Max;
import io.fabric8.generator.annotation.Min;
import io.fabric8.generator.annotation.Size;
import io.fabric8.generator.annotation.ValidationRule;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What the user wants done with a failed record. */
@JsonInclude(JsonInclude.Include.NON_NULL)
@ValidationRule(
    value = "self.action != 'Waive' || !(has(self.correction) || has(self.jsonPatch))",
    message = "correction: a waived record is not sent again, so it takes no correction")
@ValidationRule(
    value = "self.action != 'Waive' || (has(self.reason) && self.reason.matches('\\\\S'))",
    message =
        "reason: say why the record is given up, for whoever asks later; a waiver without a reason is"
            + " refused")
@ValidationRule(
    value = "self.startAt != 'Source' || !(has(self.correction) || has(self.jsonPatch))",
    message =
        "startAt: a record that is read again at the source is corrected there, so it takes no"
            + " correction; take it out, or write startAt: Stage")
@ValidationRule(
    value = "self.startAt != 'Source' || self.action != 'Waive'",
    message = "startAt: a waived record is not sent again; write startAt: Stage, or leave it out")
@ValidationRule(
    value = "!(has(self.correction) && has(self.jsonPatch))",
    message = "correction, jsonPatch: give one of the two")
@ValidationRule(
    value = "self.showSource == oldSelf.showSource || self.action == 'None'",
    message =
        "showSource: to look at the source asks for nothing else, and any edit asks for action again;"
            + " write action: None with it")
public record FailedRecordSpec(
    @Default("None")
        @JsonPropertyDescription(
            "Replay sends the record, with the correction if there is one, to the stage that refused"
                + " it. Waive accepts the failure for good. None does nothing.")
        Action action,
    @Default("Stage")
        @JsonPropertyDescription(
            "Where a replay begins. Stage sends the record as it came to the stage that refused it."
                + " Source reads its row again by its key, as it is now, takes it through the stages"
                + " before, and sends what comes through: for when the source was mended.")
        StartAt startAt,
    @PreserveUnknownFields
        @JsonPropertyDescription(
            "Fields to change before the replay, merged over the record as status.record shows it (JSON"
                + " merge patch, RFC 7386); null sets a field to null. The original is kept.")
        @Nullable JsonNode correction,
    @Size(min = 1, max = 100)
        @JsonPropertyDescription(
            "The same as a JSON patch (RFC 6902) of the record as status.record shows it. A record keeps"
                + " its fields: replace one with null, do not remove it.")
        @Nullable List<JsonNode> jsonPatch,
    @Size(max = 1000)
        @JsonPropertyDescription(
            "Why, for whoever reads this later; it is kept in status.history. A waiver must have one.")
        @Nullable String reason,
    @Default("0")
        @Min(0)
        @Max(1000000)
        @JsonPropertyDescription("Raise it to ask for the same action again, nothing else changed.")
        @Nullable Integer attempt,
    @Default("0")
        @Min(0)
        @Max(1000000)
        @JsonPropertyDescription(
            "Raise it to have the record's row read at the source once more and shown in"
                + " status.sourceRow, as it is then. Nothing is sent. It needs action: None.")
        @Nullable Integer showSource) {

  @SuppressWarnings("NullAway") // absent fields of a stored resource arrive as null
  public FailedRecordSpec {
    action = action == null ? Action.None : action;
    startAt = startAt == null ? StartAt.Stage : startAt;
    attempt = attempt == null ? 0 : attempt;
    showSource = showSource == null ? 0 : showSource;
  }

  /** A spec that starts at the stage. */
  public FailedRecordSpec(
      Action action,
      @Nullable JsonNode correction,
      @Nullable List<JsonNode> jsonPatch,
      @Nullable String reason,
      @Nullable Integer attempt) {
    this(action, StartAt.Stage, correction, jsonPatch, reason, attempt, 0);
  }

  /** What to do. */
  public enum Action {
    /** Nothing yet. */
    None,
    /** Send it again. */
    Replay,
    /** Give it up. */
    Waive
  }
}
