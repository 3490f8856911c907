/**
 * One migration's chain in NATS: its state bucket, queues, dispatch of splits, and what they tell.
 * All of the operator's talk with NATS is here and in the failure desk.
 */
@org.jspecify.annotations.NullMarked
package dev.drover.operator.chain;
