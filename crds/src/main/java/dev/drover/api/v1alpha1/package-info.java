/**
 * The API as users write it: {@code Migration} and {@code FailedRecord}, version v1alpha1. The CRD
 * YAML is generated from these types; defaults, bounds and cross-field rules live here and nowhere
 * else.
 */
@org.jspecify.annotations.NullMarked
package dev.drover.api.v1alpha1;
