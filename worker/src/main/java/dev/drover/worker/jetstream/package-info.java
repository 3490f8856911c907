/** Talking to JetStream: messages in, with their heartbeat; messages out, with backpressure. */
@org.jspecify.annotations.NullMarked
package dev.drover.worker.jetstream;
