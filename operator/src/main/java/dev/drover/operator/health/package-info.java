/** Liveness and readiness of the operator itself. */
@org.jspecify.annotations.NullMarked
package dev.drover.operator.health;
