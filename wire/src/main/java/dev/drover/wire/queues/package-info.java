/** Which streams and consumers a chain has, and how they are configured. */
@org.jspecify.annotations.NullMarked
package dev.drover.wire.queues;
