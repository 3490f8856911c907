/** The state bucket: specs, plans, schemas and the checkpoints of splits. */
@org.jspecify.annotations.NullMarked
package dev.drover.wire.state;
