/** Kubernetes events, few and telling. */
@org.jspecify.annotations.NullMarked
package dev.drover.operator.events;
