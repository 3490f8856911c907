/** The reconciliation of a Migration: which step follows which. */
@org.jspecify.annotations.NullMarked
package dev.drover.operator.migration;
