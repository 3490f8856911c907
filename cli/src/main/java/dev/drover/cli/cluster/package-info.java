/** The way to the cluster, and what its refusals mean. */
@org.jspecify.annotations.NullMarked
package dev.drover.cli.cluster;
