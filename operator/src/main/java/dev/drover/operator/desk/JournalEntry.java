package dev.drover.operator.desk;

import com.fasterxml.jackson.databind.JsonNode;
import dev.drover.api.v1alpha1.FailedRecordSpec.Action;
import org.jspecify.annotations.Nullable;

/**
 * What was asked for a failed record, written before it is done. There is at most one for each
 * record, and it holds all that is needed to do it again after a crash.
 *
 * @param action replay or waiver
 * @param correction what to change first; null sends the record as it is
 * @param resourceUid uid of the resource that asked
 * @param generation its generation
 * @param at ISO-8601 instant
 */
record JournalEntry(
    Action action, @Nullable JsonNode correction, String resourceUid, long generation, String at) {}
