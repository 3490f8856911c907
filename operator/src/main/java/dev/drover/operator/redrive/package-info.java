/**
 * Redrives: hands what they ask to a worker of their own, and tells how far it is. No record passes
 * through here.
 */
@org.jspecify.annotations.NullMarked
package dev.drover.operator.redrive;
