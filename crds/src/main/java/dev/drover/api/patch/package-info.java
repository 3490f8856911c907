/** What {@code spec.jsonPatch} of a FailedRecord makes of its record. */
@org.jspecify.annotations.NullMarked
package dev.drover.api.patch;
