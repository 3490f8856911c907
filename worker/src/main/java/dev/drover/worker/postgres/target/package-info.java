/**
 * Loading into a target database: what its tables take, the ledger that makes each batch count
 * once, and the writer that finds the bad records of a batch and loads the others.
 */
@org.jspecify.annotations.NullMarked
package dev.drover.worker.postgres.target;
