/** How a command ends: its exit code, and what is said when it could not do its work. */
@org.jspecify.annotations.NullMarked
package dev.drover.cli.outcome;
