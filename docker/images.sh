#!/bin/sh
# Builds keepalive-kamailio:RELEASE for each Debian release named: docker/images.sh bookworm trixie
# Where Debian's own image can't be pulled, its base is made with debootstrap (as root).
set -eu
here=$(cd "$(dirname "$0")" && pwd)

as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi
}

base() {
    docker image inspect "debian:$1-slim" >/dev/null 2>&1 && return
    timeout 60 docker pull -q "debian:$1-slim" >/dev/null 2>&1 && return
    echo "debian:$1-slim can't be pulled: making it with debootstrap"
    folder=$(mktemp -d)
    as_root debootstrap --variant=minbase "$1" "$folder" >"$folder.log" 2>&1 || { tail "$folder.log"; exit 1; }
    as_root tar -C "$folder" -c . | docker import - "debian:$1-slim" >/dev/null
    as_root rm -rf "$folder" "$folder.log"
}

for release; do
    base "$release"
    docker build -q --build-arg DEBIAN="$release" -t "keepalive-kamailio:$release" "$here"
done
