/**
 * The desk of failed records: a bounded window of resources on the error queue, and what users ask
 * of them. The error queue is the truth; a resource only shows one of its messages.
 */
@org.jspecify.annotations.NullMarked
package dev.drover.operator.desk;
