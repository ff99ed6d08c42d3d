# Two commands are enough: `make drill` runs the main job, `make test` runs every test.

CARGO ?= cargo
SEED ?= 1
STORES ?= 2300
REPORT ?= drill/report.html
NIGHTS ?= 1000000
ACCOUNTS ?= 10000
SAMPLE ?= 30,150

.PHONY: drill test check build tools servers nights bench bulk deny fuzz help

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

check: tools ## Formatting and lints only
	$(CARGO) fmt --all --check
	$(CARGO) clippy --locked --workspace --all-targets -- -D warnings
	$(CARGO) clippy --locked -p cordon-sim --features execution --all-targets -- -D warnings

test: servers check ## Formatting, lints, every test, and thousands of nights of faults
	$(CARGO) test --locked --workspace
	$(CARGO) test --locked -p cordon-sim --features execution --test execution

nights: tools ## Plans carried out under faults, NIGHTS=1000000 of them
	$(CARGO) run --locked --release -p cordon-sim --features execution --bin nights -- 0 $(NIGHTS)

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
