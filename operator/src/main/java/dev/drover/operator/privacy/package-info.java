/** What of a failed record is shown. */
@org.jspecify.annotations.NullMarked
package dev.drover.operator.privacy;
