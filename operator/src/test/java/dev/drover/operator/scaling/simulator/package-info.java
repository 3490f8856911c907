/** Runs scaling over chains that need no cluster: thousands of workers, minutes in milliseconds. */
@org.jspecify.annotations.NullMarked
package dev.drover.operator.scaling.simulator;
