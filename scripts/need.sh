#!/bin/sh
# Gets what is missing on a Debian or Ubuntu machine, as root or with sudo:
#   scripts/need.sh run     a Kamailio for the sample server, and what serves its status page
#   scripts/need.sh deb     what builds the Debian package
#   scripts/need.sh screenshots   what takes them
#   scripts/need.sh test    that, and what the tests need; where a Docker engine answers, its images too
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)

fail() {
    echo "$1" >&2
    exit 1
}

as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi
}

install_packages() {
    missing=""
    for package; do
        dpkg -s "$package" >/dev/null 2>&1 || missing="$missing $package"
    done
    [ -n "$missing" ] || return 0
    [ "$(id -u)" = 0 ] || command -v sudo >/dev/null || return 1
    echo "Installing:$missing"
    log=$(mktemp)
    # shellcheck disable=SC2086
    if as_root apt-get update -qq >"$log" 2>&1 && as_root env DEBIAN_FRONTEND=noninteractive \
        apt-get install -y -qq --no-install-recommends $missing >>"$log" 2>&1; then
        rm "$log"
        return
    fi
    tail -n 20 "$log" >&2
    rm "$log"
    return 1
}

engine_answers() {
    command -v docker >/dev/null && docker info >/dev/null 2>&1
}

need_python() {
    command -v python3 >/dev/null || install_packages python3 || fail "Python 3.11 or newer is needed."
}

need_kamailio() {
    if command -v kamailio >/dev/null; then
        for module in /usr/lib*/kamailio/modules/app_python3.so /usr/lib/*/kamailio/modules/app_python3.so \
            /usr/local/lib*/kamailio/modules/app_python3.so; do
            [ -e "$module" ] && return
        done
    fi
    # The last two serve the status page.
    if command -v apt-get >/dev/null &&
        install_packages kamailio kamailio-python3-modules python3-aiohttp python3-prometheus-client; then
        return
    fi
    engine_answers || fail "No Kamailio: neither can Debian's package be installed, nor does a Docker engine answer."
    "$root/docker/images.sh" bookworm
}

# The images that KEEPALIVE_SERVERS demands, or all of them.
need_images() {
    for server in ${KEEPALIVE_SERVERS:-keepalive-kamailio:bookworm keepalive-kamailio:trixie keepalive-kamailio:forky}; do
        case "$server" in
        keepalive-kamailio:*) "$root/docker/images.sh" "${server#*:}" ;;
        esac
    done
}

# Prometheus' tool alone, and not the package, which would start its server.
need_promtool() {
    if command -v promtool >/dev/null || [ -x "$root/.venv/bin/promtool" ]; then
        return 0
    fi
    folder=$(mktemp -d)
    if (cd "$folder" && apt-get download -qq prometheus && dpkg -x prometheus_*.deb .) >"$folder/log" 2>&1; then
        cp "$folder/usr/bin/promtool" "$root/.venv/bin/"
    else
        echo "No promtool: alert rules are not tested. $(tail -n 1 "$folder/log")"
    fi
    rm -r "$folder"
}

need_tests() {
    need_python
    python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' || fail "Python 3.11 or newer is needed."
    need_kamailio
    # For a Kamailio of Debian's: app_jsdt for JavaScript is in its package kamailio already.
    more=$(! dpkg -s kamailio >/dev/null 2>&1 || echo kamailio-lua-modules kamailio-tls-modules)
    # shellcheck disable=SC2086
    install_packages $more sip-tester sipsak curl openssl python3-venv iproute2 iptables faketime mandoc dnsmasq-base \
        python3-aiohttp python3-prometheus-client ||
        fail "kamailio-lua-modules, kamailio-tls-modules, sip-tester, sipsak, curl, openssl, python3-venv, iproute2, iptables,\
 faketime, mandoc, dnsmasq-base, python3-aiohttp and python3-prometheus-client are needed."
    # The status page is looked at with it. Ubuntu's is no package: its tests are skipped there.
    install_packages chromium chromium-driver || echo "No Chromium: the status page's tests are skipped."
    if engine_answers; then
        docker compose version >/dev/null 2>&1 || command -v docker-compose >/dev/null || install_packages docker-compose
        command -v debootstrap >/dev/null || install_packages debootstrap
        need_images
    else
        echo "No Docker engine answers: the tests run on this machine's Kamailio alone."
    fi
    if ! cmp -s "$root/tests/requirements.txt" "$root/.venv/requirements.txt"; then
        [ -x "$root/.venv/bin/python" ] || python3 -m venv "$root/.venv"
        "$root/.venv/bin/pip" install -q -r "$root/tests/requirements.txt"
        cp "$root/tests/requirements.txt" "$root/.venv/requirements.txt"
    fi
    need_promtool
}

case "${1:-}" in
    run) need_python && need_kamailio ;;
    test) need_tests ;;
    screenshots)
        need_tests
        install_packages chromium chromium-driver pngquant || fail "chromium, chromium-driver and pngquant are needed."
        ;;
    deb) install_packages debhelper dh-python || fail "debhelper and dh-python are needed." ;;
    *) fail "usage: scripts/need.sh run|test|deb|screenshots" ;;
esac
