/** Sends many failed records again, or gives them up, as a Redrive asks. */
@org.jspecify.annotations.NullMarked
package dev.drover.worker.redrive;
