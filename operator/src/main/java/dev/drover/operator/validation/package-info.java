/**
 * What a manifest's schema cannot refuse: findings with the exact path in the spec. Pure, but for
 * the look at Secrets.
 */
@org.jspecify.annotations.NullMarked
package dev.drover.operator.validation;
