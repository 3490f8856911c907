/**
 * Failed records sent again or given up: the journal by which each is at most once, and what a
 * Redrive asks of its worker and hears from it.
 */
@org.jspecify.annotations.NullMarked
package dev.drover.wire.replay;
