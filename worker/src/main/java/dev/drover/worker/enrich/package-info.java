/** The enrich stage: adds to records what a lookup found for them, once and for all attempts. */
@org.jspecify.annotations.NullMarked
package dev.drover.worker.enrich;
