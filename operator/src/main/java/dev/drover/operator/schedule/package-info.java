/** When stages may run, and how fast, by the clock. Pure. */
@org.jspecify.annotations.NullMarked
package dev.drover.operator.schedule;
