/** The program {@code kubectl drover}: where it starts, and what all of its rooms share. */
@org.jspecify.annotations.NullMarked
package dev.drover.cli;
