/** The copies of stages by which a graft is given all that had passed before it. */
@org.jspecify.annotations.NullMarked
package dev.drover.operator.backfill;
