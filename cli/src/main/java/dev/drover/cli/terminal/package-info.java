/**
 * What a person sees: colours, tables, columns side by side, numbers and times. Knows nothing of
 * Drover.
 */
@org.jspecify.annotations.NullMarked
package dev.drover.cli.terminal;
