/**
 * The rules of a transform stage: CEL over {@code record} and {@code table}, compiled and
 * type-checked once per (chain revision, schema) by {@link dev.drover.worker.rules.RuleCompiler}
 * and applied to each record by {@link dev.drover.worker.rules.Rules}.
 *
 * <p>Expressions are planned by CEL's planner-based runtime; {@code record} is a struct over the
 * row's array, so that a field costs one hash look-up and one conversion and nothing that a rule
 * doesn't read is converted at all.
 *
 * <p>What a rule's author should know:
 *
 * <ul>
 *   <li>A field whose name is no identifier is written in backticks, {@code record.`order-no`}. CEL
 *       takes letters, digits, blanks and {@code _ . - /} there; a name with others can be renamed
 *       and removed, but not read.
 *   <li>A null can be tested, {@code record.note == null} or {@code has(record.note)}, and carried;
 *       every other operation on it fails the record. {@code &&} and {@code ||} are CEL's: a side
 *       that decides the result makes up for a failure of the other, whichever comes first.
 *   <li>{@code c ? a : b} may have null on either side.
 *   <li>A number with a point is a double, which a decimal never meets: {@code decimal("9.99")}.
 *   <li>Dates and local timestamps are read as UTC.
 * </ul>
 */
@org.jspecify.annotations.NullMarked
package dev.drover.worker.rules;
