# make run   runs the sample server and shows its destinations' states; Ctrl-C ends it
#            make run DESTINATIONS="sip:192.168.10.20 sip.provider.com"
# make test  runs all tests, on every real Kamailio there is
# make unit, make check, make real   the parts of it; make stubs   see stubs/generate.py

# Debian keeps kamailio where the PATH of an ordinary user does not look.
export PATH := $(PATH):/usr/sbin:/sbin

PYTHON ?= python3
VENV := .venv/bin
DESTINATIONS ?=

.PHONY: run test need check unit real stubs

run:
	@scripts/need.sh run
	@exec $(PYTHON) scripts/run.py "$(DESTINATIONS)"

test: need check unit real

need:
	@scripts/need.sh test

check:
	$(VENV)/ruff check .
	$(VENV)/ruff format --check .
	MYPYPATH=stubs/5.6 $(VENV)/mypy
	MYPYPATH=stubs/6.0 $(VENV)/mypy

unit:
	$(VENV)/pytest --ignore=tests/real

real:
	$(VENV)/pytest tests/real

stubs:
	$(PYTHON) stubs/generate.py keepalive-kamailio:bookworm keepalive-kamailio:trixie
