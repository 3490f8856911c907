/** Who may have how many sessions with a database, whatever its kind. */
@org.jspecify.annotations.NullMarked
package dev.drover.worker.session;
