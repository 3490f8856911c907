/**
 * The rules of a transform stage: CEL over {@code record} and {@code table}, compiled and
 * type-checked once per (chain revision, schema) by {@link dev.drover.worker.rules.RuleCompiler}
 * and applied to each record by {@link dev.drover.worker.rules.Rules}.
 *
 * <p>Expressions are planned by CEL's planner-based runtime; {@code record} is a struct over the
 * row's array, so that a field costs one hash look-up and one conversion and nothing that a rule
 * doesn't read is converted at all.
 */
@org.jspecify.annotations.NullMarked
package dev.drover.worker.rules;
