package dev.drover.api.v1alpha1;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Pattern;
import io.fabric8.generator.annotation.Required;
import io.fabric8.generator.annotation.Size;
import org.jspecify.annotations.Nullable;

/** One aspect of a resource's state, in Kubernetes' usual form. */
@JsonInclude(JsonInclude.Include.NON_NULL)
public record Condition(
    @Required
        @Size(min = 1, max = 316)
        @JsonPropertyDescription("What the condition is about, CamelCase.")
        String type,
    @Required
        @Pattern("^(True|False|Unknown)$")
        @Size(max = 7)
        @JsonPropertyDescription("True, False or Unknown.")
        String status,
    @Required
        @Size(min = 1, max = 200)
        @Pattern("^[A-Za-z][A-Za-z0-9]*$")
        @JsonPropertyDescription("Why, as one CamelCase word for programs.")
        String reason,
    @Required @Size(max = 4000) @JsonPropertyDescription("Why, as a sentence for people.")
        String message,
    @JsonPropertyDescription("metadata.generation of the spec that this was found for.")
        @Nullable Long observedGeneration,
    @Required @JsonPropertyDescription("When status last changed.") String lastTransitionTime) {
  /** The same, found to hold for another generation, too. */
  public Condition seen(@Nullable Long generation) {
    return new Condition(type, status, reason, message, generation, lastTransitionTime);
  }
}
