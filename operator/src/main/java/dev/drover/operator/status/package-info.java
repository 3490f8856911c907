/** From what was observed to the status that people read. Pure, but for the writer. */
@org.jspecify.annotations.NullMarked
package dev.drover.operator.status;
