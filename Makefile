# dindctl: every target is a word; `make help` lists them.
#
# make demo   from nothing to a nested container that sees its files
# make test   everything, a real Docker engine included
#
# What is slow to make (base images, compiled tools) is kept under .cache/,
# which git ignores.

SHELL       := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

CACHE   := .cache
BIN     := bin/dindctl
VERSION := $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
GO      := go
LINT    := $(GO) tool -modfile=tools/go.mod golangci-lint
# The binary is static, so that it can also be run inside a container without a C library.
BUILD   := CGO_ENABLED=0 $(GO) build -trimpath -ldflags "-s -w -X main.version=$(VERSION)"
ENGINE  := docker/test-engine
# A runtime without the wrapper that fits privileged containers to the host, for
# the tests of what an engine without it says.
BARE     = --flag --add-runtime=bare=$$(PATH=$$PATH:/usr/sbin command -v runc)

.PHONY: help
help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | sort | expand -t 16

.PHONY: build
build: ## compile bin/dindctl
	$(BUILD) -o $(BIN) ./cmd/dindctl

.PHONY: install
install: ## compile dindctl into Go's bin directory
	CGO_ENABLED=0 $(GO) install -trimpath -ldflags "-s -w -X main.version=$(VERSION)" ./cmd/dindctl

.PHONY: demo
demo: ## apply examples/case2.hcl on this machine's engine; installs and starts Docker only if none answers
	docker/demo

.PHONY: test
test: tools lint unit kernel sim real kill-small bench-check clean-check ## everything, a real Docker engine included
	@echo "make test: all passed"

.PHONY: tools
tools: ## install what the tests need from Debian's packages; starts nothing
	docker/install.sh --no-start
	docker/install.sh --no-start --only gcc shellcheck vagrant
	docker/test-tools.sh

.PHONY: lint
lint: ## gofumpt, imports, floors, golangci-lint, shellcheck
	$(GO) vet ./...
	$(LINT) run ./...
	shellcheck docker/*.sh docker/test-engine docker/demo docker/clean-check docker/vagrant-check docker/daemon/entrypoint.sh docker/daemon/runtime-fit .ci/run

# Packages with properties that are tried on random values. The seed comes from
# the commit: another for each, and the same again when a failure is looked for.
PROPERTIES    := $(shell grep -rl --include='*_test.go' 'rapid\.Check' hcl internal provider | xargs -n1 dirname | sort -u | sed 's,^,./,')
PROPERTY_SEED := $(shell printf '%d' 0x$$(git rev-parse --verify -q HEAD | cut -c1-12 | grep . || echo 1))

.PHONY: unit
unit: ## all tests that need no engine, with the race detector
	$(GO) test -race $(PROPERTIES) -rapid.seed=$(PROPERTY_SEED) & properties=$$!; \
	$(GO) test -race $$($(GO) list ./... | grep -vxF "$$($(GO) list $(PROPERTIES))") || { wait $$properties || :; exit 1; }; \
	wait $$properties

CHECKS := 5000
.PHONY: properties
properties: ## properties on CHECKS (5000) random values each, another seed every time; a failure names its seed
	$(GO) test $(PROPERTIES) -count=1 -timeout 0 -rapid.checks=$(CHECKS)

TOPOLOGIES := 10000

.PHONY: kernel
kernel: ## random topologies of mounts, compared with what the kernel shows; TOPOLOGIES=n
	DINDCTL_E2E=require $(GO) test ./internal/mount -run TestModelIsWhatTheKernelDoes -count=1 -kernel $(TOPOLOGIES)

SCHEDULES := 20000
POINTS := 1000
.PHONY: sim
sim: ## simulated faults in memory: SCHEDULES of them, and all at every point of POINTS configurations; SEED= replays one
	$(GO) test ./internal/sim -count=1 -v -timeout 0 -schedules $(SCHEDULES) -points $(POINTS) $(if $(SEED),-seed $(SEED))

.PHONY: real
real: build ## all tests that need a real Docker engine, in a private one
	mkdir -p $(CACHE)/tests
	docker/test-tools.sh
	$(GO) test -c -o $(CACHE)/tests/docker.test ./provider/docker
	$(GO) test -c -o $(CACHE)/tests/e2e.test ./internal/e2e
	cd provider/docker && DINDCTL_E2E=require ../../$(ENGINE) $(BARE) -- ../../$(CACHE)/tests/docker.test -test.timeout 15m
	cd internal/e2e && DINDCTL_E2E=require DINDCTL_BIN=$(CURDIR)/$(BIN) ../../$(ENGINE) $(BARE) -- ../../$(CACHE)/tests/e2e.test -test.timeout 25m

.PHONY: e2e
e2e: build ## the scenarios with the real binary alone; RUN=regexp chooses some
	mkdir -p $(CACHE)/tests
	docker/test-tools.sh
	$(GO) test -c -o $(CACHE)/tests/e2e.test ./internal/e2e
	cd internal/e2e && DINDCTL_E2E=require DINDCTL_BIN=$(CURDIR)/$(BIN) ../../$(ENGINE) $(BARE) -- ../../$(CACHE)/tests/e2e.test -test.v -test.timeout 25m -test.run '$(RUN)'

# The engine is ended and started again, or is not: two engines, at the same time.
.PHONY: kill-small
kill-small: build ## kill points on a real engine: a small topology whole, and 12 points of case 2 (5 minutes)
	mkdir -p $(CACHE)/tests
	$(GO) test -c -o $(CACHE)/tests/kill.test ./internal/killpoints
	cd internal/killpoints && export DINDCTL_E2E=require DINDCTL_BIN=$(CURDIR)/$(BIN) DINDCTL_COMMIT=$$(git rev-parse HEAD 2>/dev/null || echo none); \
	../../$(ENGINE) -- ../../$(CACHE)/tests/kill.test -test.timeout 20m -test.run 'TestSmall$$' & small=$$!; \
	../../$(ENGINE) -- ../../$(CACHE)/tests/kill.test -test.timeout 20m -test.run 'TestSmallRestart|TestCase2Chosen' || { wait $$small || :; exit 1; }; \
	wait $$small

.PHONY: kill
kill: build ## kill points of all of case 2 with every fault (hours); FAULTS=regexp chooses some
	mkdir -p $(CACHE)/tests
	$(GO) test -c -o $(CACHE)/tests/kill.test ./internal/killpoints
	cd internal/killpoints && DINDCTL_KILL=all DINDCTL_KILL_FAULTS='$(FAULTS)' DINDCTL_E2E=require DINDCTL_BIN=$(CURDIR)/$(BIN) \
		../../$(ENGINE) -- ../../$(CACHE)/tests/kill.test -test.v -test.timeout 12h -test.run TestCase2All

.PHONY: bench-check
bench-check: build ## plan, apply and destroy of 100 containers, as ratios to a bare client in the same run
	mkdir -p $(CACHE)/tests
	$(GO) test -c -o $(CACHE)/tests/bench.test ./internal/bench
	cd internal/bench && DINDCTL_E2E=require DINDCTL_BIN=$(CURDIR)/$(BIN) ../../$(ENGINE) -- ../../$(CACHE)/tests/bench.test -test.v -test.timeout 10m

FUZZTIME := 5m
.PHONY: fuzz
fuzz: ## every fuzz test for FUZZTIME (5m); `make test` replays their corpora
	grep -rl --include='*_test.go' '^func Fuzz' hcl internal provider | sort | while read -r file; do \
		sed -n 's/^func \(Fuzz[A-Za-z]*\).*/\1/p' "$$file" | while read -r name; do \
			$(GO) test "./$$(dirname "$$file")" -run '^$$' -fuzz "^$$name\$$" -fuzztime $(FUZZTIME) </dev/null; \
		done; \
	done

.PHONY: vagrant-check
vagrant-check: build ## docker/vagrant-provision.sh for real, in a fresh root, twice, then cases 1 to 3 (about a minute)
	docker/vagrant-check

.PHONY: clean-check
clean-check: ## fail when a test left a process, mount, bridge, network namespace or container behind
	docker/clean-check

.PHONY: generate
generate: ## make the gRPC code from its proto file
	provider/plugin/pb/generate.sh

.PHONY: docs
docs: ## write docs/language.md anew from the program's tables
	$(GO) test ./internal/reference -count=1 -run TestLanguagePageIsFresh -update

.PHONY: tutorial
tutorial: build ## write into docs/tutorial.md what its commands print
	mkdir -p $(CACHE)/tests
	$(GO) test -c -o $(CACHE)/tests/e2e.test ./internal/e2e
	cd internal/e2e && DINDCTL_E2E=require DINDCTL_BIN=$(CURDIR)/$(BIN) ../../$(ENGINE) -- ../../$(CACHE)/tests/e2e.test -test.run 'TestTutorial$$' -update-pages

.PHONY: clean
clean: ## remove what was built; the cache of base images stays
	rm -rf bin $(CACHE)/tests
