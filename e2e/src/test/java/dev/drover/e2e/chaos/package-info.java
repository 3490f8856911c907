/**
 * A migration in which everything is killed and cut, again and again, while its source is written
 * to; started by bench/chaos. What must be in the target afterwards is known row by row, see {@link
 * dev.drover.e2e.chaos.Expectation}.
 */
package dev.drover.e2e.chaos;
