@org.jspecify.annotations.NullMarked
package dev.drover.worker.enrich;
