/** Values as text, in the one exact form that PostgreSQL prints and reads them, over HTTP too. */
@org.jspecify.annotations.NullMarked
package dev.drover.worker.text;
