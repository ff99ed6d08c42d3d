# Two commands are enough: `make drill` runs the main job, `make test` runs every test.

CARGO ?= cargo
SEED ?= 1
STORES ?= 2300
REPORT ?= drill/report.html

.PHONY: drill test check build tools bench deny fuzz help

help: ## Say what each target does
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

tools: ## Install what is missing (Debian: a C compiler and linker for the zstd library)
	@sh tools/install-missing.sh

drill: tools ## Rehearse an intrusion at the built-in retailer; SEED=1 STORES=2300 REPORT=drill/report.html
	$(CARGO) build --locked --release --bin cordon
	@mkdir -p "$(dir $(REPORT))"
	target/release/cordon drill --seed $(SEED) --stores $(STORES) --report $(REPORT)

build: tools ## Build the command at target/release/cordon
	$(CARGO) build --locked --release --bin cordon

check: tools ## Formatting and lints only
	$(CARGO) fmt --all --check
	$(CARGO) clippy --locked --workspace --all-targets -- -D warnings

test: check ## Formatting, lints and every test
	$(CARGO) test --locked --workspace

bench: tools ## Measure; see benches/README.md
	$(CARGO) bench --locked --workspace

deny: ## Licences, bans and, with a network, advisories (needs cargo-deny)
	@command -v cargo-deny >/dev/null || { echo "installing cargo-deny (several minutes)"; $(CARGO) install --locked cargo-deny; }
	$(CARGO) deny check licenses bans sources
	-$(CARGO) deny check advisories

FUZZ_SECONDS ?= 60
fuzz: ## Run every fuzz target for FUZZ_SECONDS=60 (needs cargo-fuzz and a nightly compiler)
	@sh tools/fuzz-all.sh $(FUZZ_SECONDS)
