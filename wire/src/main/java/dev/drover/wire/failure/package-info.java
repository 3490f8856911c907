/** Failed records as the error queue carries them, and their form for people. */
@org.jspecify.annotations.NullMarked
package dev.drover.wire.failure;
