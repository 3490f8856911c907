/** The worker's process: one stage, or planning, per pod. */
@org.jspecify.annotations.NullMarked
package dev.drover.worker;
