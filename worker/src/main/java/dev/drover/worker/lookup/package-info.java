/** Finding rows for many keys by a query that was written for one. */
@org.jspecify.annotations.NullMarked
package dev.drover.worker.lookup;
