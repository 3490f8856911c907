/** The load stage: gathers batches into transactions, and follows what the ledger decided. */
@org.jspecify.annotations.NullMarked
package dev.drover.worker.load;
