/** The extract stage: claims splits, cuts them into batches, and resumes them after a crash. */
@org.jspecify.annotations.NullMarked
package dev.drover.worker.extract;
