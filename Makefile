# dindctl: every target is a word; `make help` lists them.
#
# make demo   from nothing to a nested container that sees its files
# make test   everything, a real Docker engine included
#
# What is slow to make (base images, engines, tools) is kept in ~/.cache/dindctl,
# for all clones (docker/cache.sh); what belongs to this clone in .cache/, which git
# ignores.
#
# ENGINE=forky takes that release's engine (28.5) as the root engine of all that needs
# one, STORE=containerd its other image store, SUITE=trixie the engines in containers
# from there: docker/test-engine says more.

SHELL       := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

CACHE   := .cache
TESTS   := $(CURDIR)/$(CACHE)/tests
BIN     := bin/dindctl
VERSION := $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
GO      := go
LINT    := $(GO) tool -modfile=$(CURDIR)/tools/go.mod golangci-lint
# The binary is static, so that it can also be run inside a container without a C library.
BUILD   := CGO_ENABLED=0 $(GO) build -trimpath -ldflags "-s -w -X main.version=$(VERSION)"
# Modules of their own are not in ./... of another one; internal/floors looks that none
# is forgotten here.
MODULES := . tools

ENGINE  ?= $(DINDCTL_ENGINE)
STORE   ?= $(DINDCTL_STORE)
SUITE   ?= $(DINDCTL_SUITE)
export DINDCTL_ENGINE := $(ENGINE)
export DINDCTL_STORE  := $(STORE)
export DINDCTL_SUITE  := $(SUITE)
# The hash of what is committed, from which random choices come: the same for one
# content, whoever commits it.
TREE := $(shell git rev-parse --verify -q 'HEAD^{tree}' || echo 1)
# What a test binary that needs an engine is run by, from the directory of its package.
WITH_ENGINE = DINDCTL_E2E=require DINDCTL_BIN=$(CURDIR)/$(BIN) DINDCTL_TEST_TOOLS=$$($(CURDIR)/docker/test-tools.sh) \
	DINDCTL_TREE=$(TREE) $(CURDIR)/docker/test-engine

.PHONY: help
help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | sort | expand -t 16

.PHONY: build
build: ## compile bin/dindctl
ifndef MADE
	$(BUILD) -o $(BIN) ./cmd/dindctl
endif

.PHONY: install
install: ## compile dindctl into Go's bin directory
	CGO_ENABLED=0 $(GO) install -trimpath -ldflags "-s -w -X main.version=$(VERSION)" ./cmd/dindctl

.PHONY: demo
demo: ## apply examples/case2.hcl on this machine's engine; installs and starts Docker only if none answers
	docker/demo

# Parts of `make test` that do not disturb each other run side by side, the longest
# first. Each prints what it says when it has ended, with the time that it took.
PARTS := scenarios-1 scenarios-2 unit kill-half lint forky heavy provider hostile impostors-some sim-some truth-some mutants-some kernel bench-check cache-check

.PHONY: test
test: tools test-binaries ## everything, a real Docker engine included
	@TIMEFORMAT='make test: all parts together: %0lR'; \
	time $(MAKE) --no-print-directory -j 4 -O MADE=yes $(addprefix part-,$(PARTS))
	@$(MAKE) --no-print-directory clean-check
	@echo "make test: all passed"

part-%:
	@TIMEFORMAT='make $*: %0lR'; time $(MAKE) --no-print-directory $*

.PHONY: tools
tools: ## install what the tests need from Debian's packages; starts nothing
	docker/install.sh --no-start
	docker/install.sh --no-start --only gcc patchelf shellcheck vagrant
	docker/test-tools.sh

.PHONY: lint
lint: ## gofumpt, imports, floors, golangci-lint, shellcheck
	for module in $(MODULES); do (cd $$module && $(GO) vet ./... && $(LINT) run --allow-parallel-runners ./...); done
	shellcheck -x docker/*.sh docker/test-engine docker/demo docker/clean-check docker/cache-check docker/upgrade-check docker/vagrant-check tools/flaky docker/daemon/entrypoint.sh docker/daemon/runtime-fit .ci/run

# Packages with properties that are tried on random values. The seed comes from what is
# committed: another for each content, and the same again when a failure is looked for.
PROPERTIES    := $(shell grep -rl --include='*_test.go' 'rapid\.Check' hcl internal provider | xargs -n1 dirname | sort -u | sed 's,^,./,')
PROPERTY_SEED := $(shell printf '%d' 0x$$(cut -c1-12 <<<$(TREE)))

# They try bounds, or what one goroutine reads: the race detector finds nothing there, and
# takes ten times as long. They run without it, and all other tests with it.
HEAVY    := TestTenThousand|TestHostileFiles|TestEnormousAnswer|TestAnAnswerThatGrows|TestManyRecordsAreBounded|TestListsWithBrokenObjects|TestSpoiledRecords|TestExpressionsAreBounded|TestSecretsAreInNothing|TestPlansCanBeCarriedOut|FuzzFormat|FuzzLoad
HEAVY_IN := $(shell grep -rlE --include='*_test.go' '^func ($(HEAVY))' hcl internal provider | xargs -n1 dirname | sort -u | sed 's,^,./,')

.PHONY: unit
unit: ## all tests that need no engine, with the race detector but for those of make heavy and kernel
	for module in $(filter-out .,$(MODULES)); do $(GO) -C $$module test -race -timeout 2h ./...; done
	trap 'kill $$(jobs -p) 2>/dev/null || :' EXIT; \
	$(GO) test -race -timeout 2h -skip '$(HEAVY)|TestModelIsWhatTheKernelDoes' $(PROPERTIES) -rapid.seed=$(PROPERTY_SEED) & properties=$$!; \
	$(GO) test -race -timeout 2h -skip '$(HEAVY)' $$($(GO) list ./... | grep -vxF "$$($(GO) list $(PROPERTIES) ./internal/hostile)") || { wait $$properties || :; exit 1; }; \
	wait $$properties

.PHONY: heavy
heavy: ## bounds, and properties of what one goroutine does: too slow under the race detector
	$(GO) test -timeout 2h -run '$(HEAVY)' $(filter $(PROPERTIES),$(HEAVY_IN)) -rapid.seed=$(PROPERTY_SEED)
	$(GO) test -timeout 2h -run '$(HEAVY)' $(filter-out $(PROPERTIES),$(HEAVY_IN))

# What it tries is the program as it is built; its own answers without an end would take
# the race detector ten times as long.
.PHONY: hostile
hostile: ## the program, against an engine that answers what no engine answers
	$(GO) test -timeout 2h ./internal/hostile

RUNS  := 20
LOOPS := 12
.PHONY: flaky
flaky: build ## each test that waits, RUNS (20) times beside LOOPS (12) busy loops; RUN=regexp and PACKAGES= choose (whole: most of a day)
	RUNS=$(RUNS) LOOPS=$(LOOPS) RUN='$(value RUN)' PACKAGES='$(PACKAGES)' tools/flaky

CHECKS := 5000
.PHONY: properties
properties: ## properties on CHECKS (5000) random values each, another seed every time; a failure names its seed
	$(GO) test $(PROPERTIES) -count=1 -timeout 0 -rapid.checks=$(CHECKS)

TOPOLOGIES := 10000

.PHONY: kernel
kernel: ## random topologies of mounts, compared with what the kernel shows; TOPOLOGIES=n
	DINDCTL_E2E=require $(GO) test ./internal/mount -run TestModelIsWhatTheKernelDoes -count=1 -timeout 2h -kernel $(TOPOLOGIES)

SCHEDULES := 20000
POINTS := 1000
.PHONY: sim
sim: ## simulated faults in memory: SCHEDULES of them, and all at every point of POINTS configurations; SEED= replays one
	$(GO) test ./internal/sim -count=1 -v -timeout 0 -schedules $(SCHEDULES) -points $(POINTS) $(if $(SEED),-seed $(SEED))

.PHONY: sim-some
sim-some: ## the fifth of them that make test runs, from a seed that what is committed gives
	$(MAKE) --no-print-directory sim SCHEDULES=4000 POINTS=200 SEED=$$(($(PROPERTY_SEED) % 1000000 * 100000))

# With MADE=yes they are there: parts that run side by side must not write them again.
MUTANTS := 20000
.PHONY: mutants
mutants: ## spoiled answers of recorded engines: MUTANTS of them; SEED= begins there, and with MUTANTS=1 replays one
	$(GO) test ./internal/mutants -count=1 -v -timeout 0 -mutants $(MUTANTS) -seed $(or $(SEED),$(shell date +%s))

.PHONY: mutants-some
mutants-some: ## the 2,000 of them that make test runs, from a seed that what is committed gives
	$(MAKE) --no-print-directory mutants MUTANTS=2000 SEED=$$(($(PROPERTY_SEED) % 1000000 * 100000 + 1))

.PHONY: test-binaries
test-binaries: build ## compile the tests that need an engine
ifndef MADE
	mkdir -p $(TESTS)
	$(GO) test -c -o $(TESTS)/docker.test ./provider/docker
	$(GO) test -c -o $(TESTS)/e2e.test ./internal/e2e
	$(GO) test -c -o $(TESTS)/kill.test ./internal/killpoints
	$(GO) test -c -o $(TESTS)/bench.test ./internal/bench
	$(GO) test -c -o $(TESTS)/truth.test ./internal/truth
endif

# They look at everything on their engine, so that they have one of their own.
IMPOSTORS := TestImpostors|TestWhoOwnsADaemonMovesNothingOutside

.PHONY: real
real: provider scenarios-1 scenarios-2 ## all tests that need a real Docker engine, in private ones, but those of make impostors

.PHONY: provider
provider: test-binaries ## the provider's own tests on a real engine
	cd provider/docker && $(WITH_ENGINE) --bare -- $(TESTS)/docker.test -test.timeout 2h

# Each waits for its engine most of the time: two halves, by their names.
SCENARIOS_1 := ^Test[A-I]
.PHONY: scenarios-1
scenarios-1: test-binaries ## the first half of the scenarios with the real binary
	cd internal/e2e && $(WITH_ENGINE) --bare -- $(TESTS)/e2e.test -test.timeout 2h -test.run '$(SCENARIOS_1)' -test.skip '$(IMPOSTORS)'

.PHONY: scenarios-2
scenarios-2: test-binaries ## the second half of them
	cd internal/e2e && $(WITH_ENGINE) --bare -- $(TESTS)/e2e.test -test.timeout 2h -test.skip '$(IMPOSTORS)|$(SCENARIOS_1)'

.PHONY: impostors
impostors: test-binaries ## what somebody else labels as ours, at every depth, under every command, on a real engine
	cd internal/e2e && $(WITH_ENGINE) --bare -- $(TESTS)/e2e.test -test.timeout 2h -test.run '$(IMPOSTORS)'

.PHONY: impostors-some
impostors-some: ## the part of them that make test runs: what the owner of a daemon forges inside it
	$(MAKE) --no-print-directory impostors IMPOSTORS=TestWhoOwnsADaemonMovesNothingOutside

# What `make test` runs on a current engine; `make real ENGINE=forky` runs all.
FORKY_RUN := TestExamplesAreAlike|TestCase1|TestCase2|TestCase3|TestVerify|TestVolumesAreKept|TestDataInside|TestMatrix|TestAnImageInside|TestSharers|TestSpellings
.PHONY: forky
forky: test-binaries ## the chosen part of the tests that need an engine, on 28.5 with both image stores
	cd provider/docker && export DINDCTL_ENGINE=forky; $(WITH_ENGINE) --bare -- $(TESTS)/docker.test -test.timeout 2h
	cd internal/e2e && export DINDCTL_ENGINE=forky DINDCTL_STORE=containerd; \
	$(WITH_ENGINE) --bare -- $(TESTS)/e2e.test -test.timeout 2h -test.run '$(FORKY_RUN)'

.PHONY: e2e
e2e: test-binaries ## the scenarios with the real binary alone; RUN=regexp chooses some
	cd internal/e2e && $(WITH_ENGINE) --bare -- $(TESTS)/e2e.test -test.v -test.timeout 2h -test.run '$(value RUN)'

# The engine is ended and started again, or is not: two engines, at the same time.
KILL_SMALL = cd internal/killpoints; trap 'kill $$(jobs -p) 2>/dev/null || :' EXIT; \
	$(WITH_ENGINE) -- $(TESTS)/kill.test -test.timeout 2h -test.run 'TestSmall$$' & small=$$!; \
	$(WITH_ENGINE) -- $(TESTS)/kill.test -test.timeout 2h -test.run 'TestSmallRestart|TestCase2Chosen' || { wait $$small || :; exit 1; }; \
	wait $$small

.PHONY: kill-small
kill-small: test-binaries ## kill points on a real engine: a small topology whole, and 12 points of case 2 (8 minutes)
	$(KILL_SMALL)

.PHONY: kill-half
kill-half: test-binaries ## half of the kill points of kill-small; what is committed says which
	export DINDCTL_KILL=half; $(KILL_SMALL)

.PHONY: kill
kill: test-binaries ## kill points of all of case 2 with every fault (hours); FAULTS=regexp chooses some
	cd internal/killpoints && export DINDCTL_KILL=all DINDCTL_KILL_FAULTS='$(FAULTS)'; \
	$(WITH_ENGINE) -- $(TESTS)/kill.test -test.v -test.timeout 12h -test.run TestCase2All

.PHONY: bench-check
bench-check: test-binaries ## which calls plan, apply and destroy make, and their CPU time beside a bare client's
	cd internal/bench && $(WITH_ENGINE) -- $(TESTS)/bench.test -test.v -test.timeout 2h

.PHONY: bench
bench: test-binaries ## wall times of plan, apply and destroy of 100 containers beside a bare client's; gates nothing
	cd internal/bench && $(WITH_ENGINE) -- $(TESTS)/bench.test -test.run '^$$' -test.bench . -test.benchtime 1x -test.timeout 2h

.PHONY: upgrade
upgrade: build ## every example applied by the build of BASE (ada8b22), planned and destroyed by this one
	docker/upgrade-check

.PHONY: upgrade-record
upgrade-record: build ## the same on 20.10 and 28.5 with both image stores; what they answer becomes testdata of internal/upgrade
	DINDCTL_ENGINE= DINDCTL_STORE= docker/upgrade-check --record
	DINDCTL_ENGINE=forky DINDCTL_STORE= docker/upgrade-check --record
	DINDCTL_ENGINE=forky DINDCTL_STORE=containerd docker/upgrade-check --record

CASES := 500
.PHONY: truth
truth: ## random edits and changes from outside, on an engine in memory: CASES (500) of each; SEED= begins there, and with CASES=1 replays one
	$(GO) test ./internal/truth -count=1 -v -timeout 2h -cases $(CASES) $(if $(SEED),-seed $(SEED))

REAL_CASES := 1000
.PHONY: truth-real
truth-real: test-binaries ## the same on a real engine, REAL_CASES (1000) of each, with restarts; ENGINE=, STORE=, SEED= (hours)
	cd internal/truth && $(WITH_ENGINE) -- $(TESTS)/truth.test -engine -test.v -test.timeout 48h -test.run '^TestReal' -cases $(REAL_CASES) $(if $(SEED),-seed $(SEED))

# Each waits for its engine most of the time: three engines, at the same time.
REAL_SEED = $$(($(PROPERTY_SEED) % 1000000 * 1000 + $(1)))
REAL_SOME = $(WITH_ENGINE) -- $(TESTS)/truth.test -engine -test.timeout 2h -test.run '^TestReal($(1))' -cases $(2) -seed $(call REAL_SEED,$(3))
.PHONY: truth-real-some
truth-real-some: test-binaries ## 30 of each and 15 of lives on real engines, three at once, and the table of causes
	cd internal/truth; trap 'kill $$(jobs -p) 2>/dev/null || :' EXIT; \
	$(call REAL_SOME,Edits|Looping,15,1) & some=$$!; \
	$(call REAL_SOME,Edits|Causes|Lives,15,4) & others=$$!; \
	ended=0; $(call REAL_SOME,Outside,30,1) || ended=1; \
	wait $$some || ended=1; wait $$others || ended=1; exit $$ended

.PHONY: truth-some
truth-some: ## 500 cases of each kind of truth; what is committed says which
	$(MAKE) --no-print-directory truth SEED=$$(($(PROPERTY_SEED) % 1000000 * 1000 + 1))

AS_DOCKER := 3000
.PHONY: as-docker
as-docker: test-binaries ## exec, run, logs and cp beside docker's own, AS_DOCKER (3000) random trials of each; SEED= chooses
	cd internal/e2e && $(WITH_ENGINE) --bare -- $(TESTS)/e2e.test -test.v -test.timeout 4h -test.run 'TestAsDockerItself|TestCopiesLandWhereDockersDo' -as-docker $(AS_DOCKER) -as-docker-seed $(or $(SEED),1)

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
tutorial: test-binaries ## write into docs/tutorial.md what its commands print
	cd internal/e2e && $(WITH_ENGINE) -- $(TESTS)/e2e.test -test.run 'TestTutorial$$' -update-pages

.PHONY: cache-check
cache-check: ## two clones that fill one cache at once, and a clone on an overlay
	docker/cache-check

.PHONY: clean
clean: ## remove what was built; the cache of base images stays
	rm -rf bin $(TESTS)
