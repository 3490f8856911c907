/** The chain as workers see it: what to do per stage, and what planning found out about it. */
@org.jspecify.annotations.NullMarked
package dev.drover.wire.plan;
