/** What every stage's worker does alike: decide once, set failed records aside, hand batches on. */
@org.jspecify.annotations.NullMarked
package dev.drover.worker.stage;
