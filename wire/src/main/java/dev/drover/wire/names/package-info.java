/** Names of everything that a migration has in NATS, derived in one place. */
@org.jspecify.annotations.NullMarked
package dev.drover.wire.names;
