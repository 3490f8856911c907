/** The application: settings, wiring, start and stop. */
@org.jspecify.annotations.NullMarked
package dev.drover.operator;
