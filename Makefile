# make run   runs the sample server and shows its destinations' states; Ctrl-C ends it
#            make run DESTINATIONS="sip:192.168.10.20 sip.provider.com"
# make test  runs all tests, on every real Kamailio there is
#            make test FULL=1   the tests marked "full" too, which take long
#            make unit EXPLORE=1   property tests on examples that were never tried before
# make unit, make check, make real   the parts of it
# make stubs      asks real servers what KSR is, and writes the type stubs (stubs/README.md), some minutes
# make coverage   which lines and branches the unit tests run; of rules/ tests/rules runs all, or it fails
# make mutants    which changes of rules/ no test notices, an hour; MODULES="judging latency" some of it
# make screenshots  takes those of docs/page.md again, with Chromium
# make parameters   writes keepalive-settings.cfg's parameters and docs/parameters.md of rules/parameters.py
# make faults  shows what faults do to this module, to the C module and to a cluster, half an hour
# make bench   compares with the C modules in five minutes (FULL=1: all, forty); make soak PINGS=1000000
# make install, make uninstall   puts the module where Kamailio finds it: PREFIX=/usr/local, DESTDIR=
# make selftest   asks the Kamailio that runs here whether all that keepalive needs is there; KAMCMD="kamcmd -s ..."
# make deb     builds the Debian package, in build/; make release   that, wheels and checksums of HEAD, in build/release/
# make before  compares with an earlier version, ten minutes; COMMIT=... ONLY="waits changes"

# Debian keeps kamailio where the PATH of an ordinary user does not look.
export PATH := $(PATH):/usr/sbin:/sbin

PYTHON ?= python3
KAMCMD ?= kamcmd
PREFIX ?= /usr/local
export EXPLORE KAMCMD PREFIX DESTDIR PYTHON PYTHON_DIR STATE_DIR
VENV := .venv/bin
DESTINATIONS ?=

FULL ?=
EXPLORE ?=
PINGS ?= 1000000
ONLY ?=
MODULES ?=
COMMIT ?=
# The last -m counts: this one takes the place of pyproject.toml's.
MARKS = $(if $(FULL),-m "")

.PHONY: install uninstall selftest deb release run test need check unit real stubs bench before soak faults parameters screenshots coverage coverage-rules mutants

run:
	@scripts/need.sh run
	@exec $(PYTHON) scripts/run.py "$(DESTINATIONS)"

install uninstall:
	@scripts/install.sh $@

selftest:
	@scripts/selftest.sh

deb:
	@scripts/need.sh deb
	@packaging/build.sh build

release:
	@scripts/need.sh deb
	@scripts/release.sh

test: need check unit real

need:
	@scripts/need.sh test

check:
	$(VENV)/ruff check .
	$(VENV)/ruff format --check .
	$(VENV)/python scripts/check_types.py

unit:
	$(VENV)/pytest $(MARKS) --ignore=tests/real -n auto --dist loadfile

coverage: coverage-rules
	$(VENV)/coverage run -m pytest -q --ignore=tests/real
	$(VENV)/coverage report

coverage-rules:
	$(VENV)/coverage run -m pytest -q tests/rules --hypothesis-seed=1
	$(VENV)/coverage report --include="*/keepalive_core/rules/*" --fail-under=100

mutants:
	$(VENV)/python -m pip install -q -r tests/requirements-mutants.txt
	$(VENV)/python scripts/mutants.py $(MODULES)

real:
	$(VENV)/pytest $(MARKS) tests/real -n auto --dist loadscope

bench: need
	$(VENV)/python bench/run.py $(if $(FULL),--full)

before: need
	$(VENV)/python bench/before.py $(if $(COMMIT),--commit "$(COMMIT)") --only "$(ONLY)"

soak: need
	$(VENV)/python bench/soak.py --pings $(PINGS)

faults: need
	$(VENV)/python bench/faults.py --only "$(ONLY)"
	$(VENV)/python bench/cluster_faults.py --only "$(ONLY)"

parameters:
	$(PYTHON) scripts/parameters.py

screenshots:
	@scripts/need.sh screenshots
	$(VENV)/python scripts/screenshots.py

stubs:
	$(PYTHON) stubs/generate.py
