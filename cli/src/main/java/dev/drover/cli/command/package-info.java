/** The commands and their options. */
@org.jspecify.annotations.NullMarked
package dev.drover.cli.command;
