# Everything a developer runs. Each target is also a plain command: read it and run it by hand if you like.
SHELL := /usr/bin/env bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

MVN = eval "$$(dev/java-home)" && ./mvnw -B -ntp -q
TEST_BINARIES = kubernetes/kube-apiserver kubernetes/kubectl etcd nats-server helm

help: ## Show this
	@sed -n 's/^\([a-z-]*\):.*## /\1	/p' $(MAKEFILE_LIST) | column -ts '	'

up: ## A real cluster with NATS, two databases and the operator (dev/up --context NAME for one you have)
	dev/up

down: ## Remove the cluster, leaving nothing behind
	dev/down

demo: ## See a migration run, fail in parts, be corrected and completed
	dev/demo

test: unit integration e2e ## Every test: unit, integration, end to end

unit: ## Tests of pure code, and format and architecture checks
	$(MVN) test

integration: ## Tests against a real NATS server, PostgreSQL and kube-apiserver
	dev/parts/build $(TEST_BINARIES)
	$(MVN) verify -DskipUnit

e2e: ## Tests on a real cluster, which is brought up for them unless it runs
	dev/e2e

cli: ## kubectl drover, one file to put on PATH: dist/kubectl-drover
	$(MVN) -pl cli -am package -DskipUnit
	mkdir -p dist && cp cli/target/kubectl-drover dist/

bench: ## Rows a second through the whole chain, beside a COPY pipe and pgloader in the same run
	bench/chain

bench-stages: ## What one more transform costs where there are cores to spare
	bench/stages

bench-failures: ## Rows a second while 1, 20 and 100 percent of them fail, beside none
	bench/failures

bench-reaction: ## How soon a stage has workers once it has a backlog, and how soon edits are in effect
	bench/reaction

bench-drain: ## How long a long queue takes a stage, beside how long it would take all workers that it may have
	bench/drain

bench-rate: ## Whether a stage keeps to its records a second, while workers are rolled, killed and scaled
	bench/rate

bench-caps: ## Whether a database ever has a session too many, while workers are scaled, rolled and killed and caps edited
	bench/caps

bench-fleet: ## A thousand Migrations at once, without pods: memory, time and writes of the operator
	bench/fleet

chaos: ## A migration in which everything is killed and cut, and each row is looked for afterwards
	bench/chaos

chaos-redrive: ## A Redrive of 200,000 records during which everybody is killed in turn; each record is looked for
	bench/chaos-redrive

standstill: ## A target that stops for five minutes: what queues and workers do meanwhile
	bench/standstill

simulate: ## Scaling over simulated chains of thousands of workers, beside two other rules, with a report page
	$(MVN) -pl operator -am test -Dsurefire.failIfNoSpecifiedTests=false -Dtest=SimulationReport

crds: ## Write the CRDs anew from their Java types
	$(MVN) -pl crds test -Ddrover.crds.update=true -Dsurefire.failIfNoSpecifiedTests=false -Dtest=CrdYamlTest

format: ## Format the code as the build wants it
	$(MVN) spotless:apply

.PHONY: help up down demo test unit integration e2e cli bench bench-stages bench-failures bench-reaction bench-drain bench-rate bench-caps bench-fleet chaos chaos-redrive standstill simulate crds format
