/** How many workers each stage gets. Pure. */
@org.jspecify.annotations.NullMarked
package dev.drover.operator.scaling;
