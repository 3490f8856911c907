/** The API-server tier: the operator against a real kube-apiserver, with a faulty NATS played. */
package dev.drover.operator.cluster;
