/** Keeps a stage to its error budget: counts what was decided, and pauses when too much failed. */
@org.jspecify.annotations.NullMarked
package dev.drover.worker.budget;
