/** What a stage decided about a batch: verdicts of records, causes of failures, and the tally. */
@org.jspecify.annotations.NullMarked
package dev.drover.wire.decision;
