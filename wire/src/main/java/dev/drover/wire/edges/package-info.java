/** Which stage reads which queue, and since when, over the edits of a running chain. */
@org.jspecify.annotations.NullMarked
package dev.drover.wire.edges;
