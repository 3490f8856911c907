/** What commands answer, as JSON of a stable shape and as text for people. Pure. */
@org.jspecify.annotations.NullMarked
package dev.drover.cli.report;
