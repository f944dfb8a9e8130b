#!/bin/sh
# Installs the module, or takes it away; `make install` and `make uninstall` call it.
#   PREFIX      /usr/local, or /usr
#   DESTDIR     a folder that is put before all paths, for packages
#   PYTHON_DIR  the folder of PREFIX in which Kamailio's Python looks for modules, if python3 does not know it
#   STATE_DIR   the folder of the state file, /var/lib/kamailio
set -eu
cd "$(dirname "$0")/.."

PREFIX=${PREFIX:-/usr/local}
STATE_DIR=${STATE_DIR:-/var/lib/kamailio}
PYTHON=${PYTHON:-python3}
name=kamailio-kemi-keepalive

fail() {
    echo "make $action: $1" >&2
    exit 1
}

# The first folder of PREFIX in which a Python looks for modules, whoever imports. Where PATH has one of its own first,
# that of the system, to which Kamailio's belongs, is asked too.
python_dir() {
    for python in "$PYTHON" /usr/bin/python3; do
        "$python" -I -c '
import site, sys
fit = [path for path in site.getsitepackages() if path.startswith(sys.argv[1].rstrip("/") + "/lib")]
sys.exit(0 if fit and not print(fit[0]) else 1)' "$PREFIX" && return
    done
    return 1
}

paths() {
    PYTHON_DIR=${PYTHON_DIR:-$(python_dir)} ||
        fail "Python looks for modules in no folder of $PREFIX: give PREFIX=/usr/local, or PYTHON_DIR"
    modules=${DESTDIR:-}$PYTHON_DIR
    includes=${DESTDIR:-}$PREFIX/share/$name
    examples=${DESTDIR:-}$PREFIX/share/doc/$name/examples
    contrib=${DESTDIR:-}$PREFIX/share/doc/$name/contrib
    monitoring=${DESTDIR:-}$PREFIX/share/doc/$name/monitoring
    unit=${DESTDIR:-}$PREFIX/lib/systemd/system/kamailio.service.d
    program=${DESTDIR:-}$PREFIX/sbin
    manual=${DESTDIR:-}$PREFIX/share/man/man8
    completion=${DESTDIR:-}$PREFIX/share/bash-completion/completions
}

remove() {
    rm -rf "$modules/keepalive_core" "$modules/keepalive-stubs" "$includes" "$examples" "$contrib" \
        "$monitoring"
    for module in keepalive dispatcher_bridge; do
        rm -f "$modules/$module.py" "$modules/__pycache__/$module".*
    done
    rm -f "$unit/keepalive.conf" "$program/keepalivectl" "$manual/keepalivectl.8" "$completion/keepalivectl"
    rmdir "$modules/__pycache__" "${examples%/*}" "$unit" 2>/dev/null || true
}

# Copies files with the time that they have, and for all to read.
copy() {
    folder=$1
    shift
    install -d "$folder"
    install -p -m 644 "$@" "$folder"
}

put() {
    for file in $(cd kemi && find keepalive_core -name '*.py' -o -name py.typed -o -path '*/page/*'); do
        copy "$modules/$(dirname "$file")" "kemi/$file"
    done
    copy "$modules" kemi/keepalive.py kemi/dispatcher_bridge.py
    install -d "$modules/keepalive-stubs"
    ln -s ../keepalive.py "$modules/keepalive-stubs/__init__.pyi"
    copy "$includes" kemi/*.cfg kemi/*.lua kemi/*.js
    # What the includes and the sample need no define for.
    sed -i "s|^#!define KEEPALIVE_DIR .*|#!define KEEPALIVE_DIR \"$PYTHON_DIR\"|" "$includes/keepalive-python.cfg"
    copy "$examples" kamailio.cfg kemi/router.py
    sed -i -e "s|^#!define KEEPALIVE_DIR .*|#!define KEEPALIVE_DIR \"${examples#"${DESTDIR:-}"}\"|" \
        -e "s|\"kemi/keepalive.cfg\"|\"$PREFIX/share/$name/keepalive.cfg\"|" "$examples/kamailio.cfg"
    for example in examples/*/; do copy "$examples/$(basename "$example")" "$example"*; done
    sed -i "s|/usr/share/$name|$PREFIX/share/$name|" "$includes"/*.* "$examples"/*/*
    copy "$unit" packaging/keepalive.conf
    copy "$includes/keepalive_ctl" ctl/keepalive_ctl/*.py
    copy "$program" ctl/keepalivectl
    chmod 755 "$program/keepalivectl"
    copy "$manual" ctl/keepalivectl.8
    copy "$completion" ctl/keepalivectl.bash
    mv "$completion/keepalivectl.bash" "$completion/keepalivectl"
    copy "$contrib" ctl/cmd_keepalive.py
    copy "$monitoring" monitoring/*
}

# Nothing of a package is made here: it does that where it is installed.
make_ready() {
    [ -z "${DESTDIR:-}" ] || return 0
    if id kamailio >/dev/null 2>&1; then
        [ -d "$STATE_DIR" ] || install -d -m 750 -o kamailio -g kamailio "$STATE_DIR"
    else
        echo "There is no user kamailio: make a folder for the state file, such as $STATE_DIR, which Kamailio may write."
    fi
    [ ! -d /run/systemd/system ] || systemctl daemon-reload
    for other in $(cd / && /usr/bin/python3 -I -c 'import sys; print(*sys.path)'); do
        [ "$other" != "$PYTHON_DIR" ] || break
        [ ! -e "$other/keepalive" ] && [ ! -e "$other/keepalive.py" ] ||
            fail "$other has a keepalive too, which Python finds before that of $PYTHON_DIR: take it away"
    done
    echo "In kamailio.cfg: include_file \"$PREFIX/share/$name/keepalive.cfg\" (native: keepalive-native.cfg)"
}

action=$1
paths
case "$action" in
    install)
        [ ! -e "$modules/keepalive" ] || fail "$PYTHON_DIR/keepalive, as of Debian's python3-keepalive, is in the way"
        remove
        put
        make_ready
        ;;
    uninstall) remove ;;
    *) fail "usage: scripts/install.sh install|uninstall" ;;
esac
