/** Batches of records: identity, headers and the binary encoding of their rows. */
@org.jspecify.annotations.NullMarked
package dev.drover.wire.batch;
