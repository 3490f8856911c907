package dev.drover.wire.decision;

import com.fasterxml.jackson.annotation.JsonIgnore;
import dev.drover.wire.schema.Fingerprints;

/**
 * Why a record did not pass, without any of its values: failures of one cause share a fingerprint.
 *
 * @param step what in the stage refused it, such as {@code steps[2]} or {@code load}
 * @param code CamelCase word, such as {@code QtyNotPositive}, or {@code Sql23505}
 * @param table the source table
 * @param subject the column, constraint or field concerned; empty if none is known
 */
public record Cause(String step, String code, String table, String subject) {
  /** The name of this cause at a stage: 16 hex digits. */
  @JsonIgnore
  public String fingerprint(String stage) {
    return Fingerprints.of(stage, step, code, table, subject);
  }
}
