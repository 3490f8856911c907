/** Finding what there is for many keys, by a query that was written for one or over HTTP. */
@org.jspecify.annotations.NullMarked
package dev.drover.worker.lookup;
