/**
 * How many database sessions there are, of all workers together: a slot for each, taken before it
 * is opened and free again when the server has ended it.
 */
@org.jspecify.annotations.NullMarked
package dev.drover.worker.slots;
