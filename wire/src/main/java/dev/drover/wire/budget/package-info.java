/** How many records of a stage may fail before it is paused, and what is counted for that. */
@org.jspecify.annotations.NullMarked
package dev.drover.wire.budget;
