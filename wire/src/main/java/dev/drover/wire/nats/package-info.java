/** How operator and workers connect to NATS. */
@org.jspecify.annotations.NullMarked
package dev.drover.wire.nats;
