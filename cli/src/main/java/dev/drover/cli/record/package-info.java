/** A failed record as text to edit, and the correction that an edit amounts to. Pure. */
@org.jspecify.annotations.NullMarked
package dev.drover.cli.record;
