# Mooring. `make help` lists what there is.
GO        ?= go
BIN       := bin
CONNECTORS := $(patsubst plugins/%/,%,$(wildcard plugins/*/))
TOOLS     := $(CURDIR)/.tools
export CGO_ENABLED ?= 0

KILLS     ?= 500
FUZZ_TIME ?= 30s
BENCH     ?= .

.PHONY: help build run test race e2e lint generate generate-check breaking realtime login bench crash fuzz clean tools

help: ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /|/' | awk -F'|' '{printf "  make %-15s %s\n", $$1, $$2}'

build: ## bin/mooring, bin/connectors/*, their lock file, and the simulated company
	@mkdir -p $(BIN)/connectors
	$(GO) build -trimpath -ldflags "-s -w" -o $(BIN)/mooring ./agent
	@for c in $(CONNECTORS); do \
		echo "$(GO) build -o $(BIN)/connectors/mooring-connector-$$c ./plugins/$$c"; \
		$(GO) build -trimpath -ldflags "-s -w" -o $(BIN)/connectors/mooring-connector-$$c ./plugins/$$c || exit 1; done
	$(GO) build -trimpath -ldflags "-s -w" -o $(BIN)/acme ./examples/acme
	@rm -f $(BIN)/connectors/mooring.lock.hcl
	$(BIN)/mooring connector lock --dir $(BIN)/connectors

run: build ## the simulated company and the agent, with checks, until Ctrl-C
	@$(GO) build -o $(BIN)/demo ./examples/demo
	@$(BIN)/demo

test: ## what must hold before every commit
	$(GO) test -shuffle=on ./...

race: ## the same under the race detector
	CGO_ENABLED=1 $(GO) test -race -shuffle=on -short ./...

e2e: build ## the built programs against servers that nobody here wrote (needs Node.js)
	.ci/e2e

realtime: build ## changes at the fakes of all providers are in the store within seconds, and lost hints lose nothing
	MOORING_BIN=$(CURDIR)/$(BIN) MOORING_REALTIME=1 $(GO) test -count=1 -timeout 20m -v ./examples/realtime

login: build ## KILLS=200 kill -9 around rotations of refresh tokens that work once: none is spent twice
	MOORING_BIN=$(CURDIR)/$(BIN) MOORING_KILLS=$(KILLS) $(GO) test -count=1 -timeout 60m -v -run '^TestKilledWhileALoginIsRenewed$$' ./agent

crash: build ## KILLS=500 kill -9 of agent and connector, the store must equal the never-killed run
	MOORING_BIN=$(CURDIR)/$(BIN) MOORING_KILLS=$(KILLS) $(GO) test -count=1 -timeout 60m -v -run '^TestCrash$$' ./examples/acme/crash

fuzz: ## every fuzzer for FUZZ_TIME=30s
	.ci/fuzz $(FUZZ_TIME)

bench: ## the numbers of the design, as ratios within one run
	.ci/bench '$(BENCH)'

lint: tools ## golangci-lint
	$(TOOLS)/golangci-lint run ./...

generate: tools ## the code of the contract
	PATH="$(TOOLS):$$PATH" $(TOOLS)/buf lint
	PATH="$(TOOLS):$$PATH" $(TOOLS)/buf generate

generate-check: generate ## fails when generated code is not what stands here
	git diff --exit-code -- sdk/wire

breaking: tools ## fails when the contract is not what stood here when it was frozen, and more
	$(TOOLS)/buf breaking --against sdk/wire/v1/frozen.binpb

tools: $(TOOLS)/golangci-lint $(TOOLS)/buf $(TOOLS)/protoc-gen-go

$(TOOLS)/golangci-lint $(TOOLS)/buf: .ci/tools/go.mod
	@mkdir -p $(TOOLS)
	cd .ci/tools && GOBIN=$(TOOLS) GOFLAGS= $(GO) install tool
	@touch $(TOOLS)/golangci-lint $(TOOLS)/buf

$(TOOLS)/protoc-gen-go: go.mod
	@mkdir -p $(TOOLS)
	GOBIN=$(TOOLS) $(GO) install tool
	@touch $(TOOLS)/protoc-gen-go

clean: ## removes what was built, not what was scanned
	rm -rf $(BIN) $(TOOLS)
