/** The operator's own meters. */
@org.jspecify.annotations.NullMarked
package dev.drover.operator.metrics;
