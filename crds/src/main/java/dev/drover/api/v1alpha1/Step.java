package dev.drover.api.v1alpha1;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Pattern;
import io.fabric8.generator.annotation.Required;
import io.fabric8.generator.annotation.Size;
import io.fabric8.generator.annotation.ValidationRule;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** One rule of a transform, of exactly one kind. */
@JsonInclude(JsonInclude.Include.NON_NULL)
@ValidationRule(
    value =
        "[has(self.require), has(self.filter), has(self.set), has(self.rename),"
            + " has(self.remove)].filter(k, k).size() == 1",
    message =
        "a step has exactly one of require, filter, set, rename and remove; make two steps of it")
public record Step(
    @Size(max = 100)
        @JsonPropertyDescription(
            "The source tables that this step is for, by name or pattern; without it, all.")
        @Nullable List<@Size(min = 1, max = 130) String> tables,
    @JsonPropertyDescription("The record fails, with a code of your own, unless this holds.")
        @Nullable Require require,
    @Size(min = 1, max = 4000)
        @JsonPropertyDescription(
            "CEL of type bool: records for which it is false are left out and counted as filtered.")
        @Nullable String filter,
    @Size(min = 1, max = 100)
        @JsonPropertyDescription("Fields to compute, in order; each sees those before it.")
        @Nullable List<Assignment> set,
    @Size(min = 1, max = 100) @JsonPropertyDescription("Fields that get another name.")
        @Nullable List<Rename> rename,
    @Size(min = 1, max = 500) @JsonPropertyDescription("Fields to leave out.")
        @Nullable List<@Size(min = 1, max = 63) String> remove) {

  /** A condition that a record must meet. */
  @JsonInclude(JsonInclude.Include.NON_NULL)
  public record Require(
      @Required
          @Size(min = 1, max = 4000)
          @JsonPropertyDescription("CEL of type bool, such as record.qty > 0.")
          String that,
      @Required
          @Size(min = 1, max = 60)
          @Pattern("^[A-Z][A-Za-z0-9]*$")
          @JsonPropertyDescription("Code of the failure, CamelCase, such as QtyNotPositive.")
          String code,
      @Size(min = 1, max = 4000)
          @JsonPropertyDescription(
              "CEL of type string for the failure's message, such as 'qty is ' + string(record.qty)."
                  + " It is shown to whoever may read FailedRecords: put no secret into it.")
          @Nullable String message) {}

  /** A computed field. */
  public record Assignment(
      @Required
          @Size(min = 1, max = 63)
          @JsonPropertyDescription("The field to set; one that does not exist is added.")
          String field,
      @Required
          @Size(min = 1, max = 4000)
          @JsonPropertyDescription("CEL for the value, such as record.status.lowerAscii().")
          String to) {}

  /** A field's new name. */
  public record Rename(
      @Required @Size(min = 1, max = 63) @JsonPropertyDescription("The field's name now.")
          String from,
      @Required @Size(min = 1, max = 63) @JsonPropertyDescription("The name it gets.") String to) {}
}
