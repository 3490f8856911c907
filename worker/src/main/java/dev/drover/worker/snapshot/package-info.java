/** The snapshot of a source that all splits of an extract are read through: held, and shared. */
@org.jspecify.annotations.NullMarked
package dev.drover.worker.snapshot;
