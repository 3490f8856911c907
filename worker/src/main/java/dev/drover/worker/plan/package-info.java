/** Planning: what a chain would do, checked against the real databases before any record moves. */
@org.jspecify.annotations.NullMarked
package dev.drover.worker.plan;
