/** The transform stage: applies the rules to each batch, decides once, hands on what passed. */
@org.jspecify.annotations.NullMarked
package dev.drover.worker.transform;
