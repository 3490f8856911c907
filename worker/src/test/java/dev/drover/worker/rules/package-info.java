/** Specifications of the rule engine. */
@org.jspecify.annotations.NullMarked
package dev.drover.worker.rules;
