/** What a worker tells Prometheus, and how it is asked whether it is well. */
@org.jspecify.annotations.NullMarked
package dev.drover.worker.metrics;
