# Two commands are enough: `make drill` runs the main job, `make test` runs every test.

CARGO ?= cargo
SEED ?= 1
STORES ?= 2300
REPORT ?= drill/report.html
NIGHTS ?= 1000000
ACCOUNTS ?= 10000
SAMPLE ?= 30,150
KILLS ?= 200
TRIALS ?= 200
# Tests of real servers wait more than they work: more of them run at once than there are processors.
TEST_THREADS ?= 8

.PHONY: drill test check build tools servers nights race kills brute bench published incidents bulk deny fuzz help

help: ## Say what each target does
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

tools: ## Install what is missing (Debian: a C compiler and linker for the zstd library)
	@sh tools/install-missing.sh

servers: tools ## Install what tests of real servers need (Debian, root or sudo); starts none of them
	@sh tools/install-missing.sh servers

drill: tools ## Rehearse an intrusion at the built-in retailer; SEED=1 STORES=2300 REPORT=drill/report.html
	$(CARGO) build --locked --release --bin cordon
	@mkdir -p "$(dir $(REPORT))"
	target/release/cordon drill --seed $(SEED) --stores $(STORES) --report $(REPORT)

build: tools ## Build target/release/cordon and target/release/cordon-actuator
	$(CARGO) build --locked --release --bin cordon --bin cordon-actuator

# What is built for the nights has the features of the whole workspace, so that nothing but the crates that differ is built anew.
check: tools ## Formatting and lints only
	$(CARGO) fmt --all --check
	$(CARGO) clippy --locked --workspace --all-targets -- -D warnings
	$(CARGO) clippy --locked --workspace --features cordon-sim/execution --test execution --test memory --bin nights -- -D warnings

test: servers check ## Formatting, lints, every test, and thousands of nights of faults
	RUST_TEST_THREADS=$(TEST_THREADS) $(CARGO) test --locked --workspace
	$(CARGO) test --locked --workspace --features cordon-sim/execution --test execution --test memory

nights: tools ## Plans carried out under faults, NIGHTS=1000000 of them
	$(CARGO) run --locked --release -p cordon-sim --features execution --bin nights -- 0 $(NIGHTS)

race: servers ## From the last byte of a log line to access that was tried and refused, TRIALS=200 LANE=vpn, firewall or directory
	$(CARGO) build --locked --workspace --bins
	$(if $(LANE),CORDON_LANE=$(LANE)) CORDON_TRIALS=$(TRIALS) $(CARGO) test --locked --workspace --test carry race -- --nocapture

kills: servers ## Kill cordon and its actuator while four real servers are withdrawn from and given back, KILLS=200 SEED=1
	$(CARGO) build --locked --workspace --bins
	CORDON_KILLS=$(KILLS) CORDON_SEED=$(SEED) $(CARGO) test --locked --workspace --test carry -- --nocapture four_servers

INSTANCES ?= 100000
brute: tools ## Plans and blocks of INSTANCES=100000 random estates and graphs, and a fiftieth of worlds, against trying everything
	CORDON_INSTANCES=$(INSTANCES) $(CARGO) test --locked --release -p cordon-plan --test plans --test solvers --test budget --test kernel --test replan --test devices
	CORDON_INSTANCES=$$(( $(INSTANCES) / 50 )) $(CARGO) test --locked --release -p cordon-plan --test least_worlds

GRAPHS ?= ../shared/data/graphs
PYTHON ?= python3
DRAWS ?= 40
published: tools ## The published edge-blocking task beside HiGHS; GRAPHS=folder PYTHON=with-highspy DRAWS=40
	@sh tools/published.sh "$(GRAPHS)" "$(PYTHON)" "$(DRAWS)"

INCIDENTS ?= 1000
PICTURE ?= benches/incidents.svg
incidents: tools ## Cordon beside what others do over INCIDENTS=1000 drawn at Northgate, SEED=1; rewrites benches/incidents.svg
	$(CARGO) bench --locked -p cordon-plan --bench incidents -- $(INCIDENTS) $(SEED) "$(abspath $(PICTURE))"

bench: tools ## Measure; see benches/README.md
	$(CARGO) bench --locked --workspace

bulk: build servers ## Withdraw and lift ACCOUNTS=10000 OpenLDAP accounts beside Ansible, which is installed outside the repository
	ANSIBLE="$$(sh tools/ansible.sh)" CORDON=target/release/cordon ACTUATOR=target/release/cordon-actuator \
		ACCOUNTS=$(ACCOUNTS) SAMPLE=$(SAMPLE) SEED=$(SEED) python3 benches/bulk.py

deny: ## Licences, bans and, with a network, advisories (needs cargo-deny)
	@command -v cargo-deny >/dev/null || { echo "installing cargo-deny (several minutes)"; $(CARGO) install --locked cargo-deny; }
	$(CARGO) deny check licenses bans sources
	-$(CARGO) deny check advisories

FUZZ_SECONDS ?= 60
fuzz: ## Run every fuzz target for FUZZ_SECONDS=60 (needs cargo-fuzz and a nightly compiler)
	@sh tools/fuzz-all.sh $(FUZZ_SECONDS)
