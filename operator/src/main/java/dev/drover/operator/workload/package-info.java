/**
 * The Kubernetes objects that Drover makes: the plan Job, a Deployment a stage, the NATS Secret.
 */
@org.jspecify.annotations.NullMarked
package dev.drover.operator.workload;
