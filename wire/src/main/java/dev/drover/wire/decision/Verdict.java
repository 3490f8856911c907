package dev.drover.wire.decision;

import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;

/** What a stage decided about one record that did not simply pass. */
@JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "verdict")
@JsonSubTypes({
  @JsonSubTypes.Type(value = Verdict.Filtered.class, name = "filtered"),
  @JsonSubTypes.Type(value = Verdict.Failed.class, name = "failed"),
  @JsonSubTypes.Type(value = Verdict.Waiting.class, name = "waiting"),
  @JsonSubTypes.Type(value = Verdict.Waived.class, name = "waived")
})
public sealed interface Verdict {
  /** Left out by a filter, as the user asked. */
  record Filtered() implements Verdict {}

  /**
   * Set aside into the error queue.
   *
   * @param failureClass whose fault it is
   * @param cause why
   * @param message for a person to read; names fields and constraints, never holds a value unless
   *     the user's own rule put it there
   */
  record Failed(FailureClass failureClass, Cause cause, String message) implements Verdict {}

  /**
   * Points to something that has not arrived yet; tried again when more has.
   *
   * @param cause the reference that is missing its target
   * @param message for a person to read
   */
  record Waiting(Cause cause, String message) implements Verdict {}

  /** Given up by the user: the failure is accepted. */
  record Waived() implements Verdict {}

  /** Whose fault a failure is. System failures never become a verdict: they stall the stage. */
  enum FailureClass {
    /** The record itself is wrong. */
    Record,
    /** Something that the record points to never arrived. */
    Dependency
  }
}
