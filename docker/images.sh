#!/bin/sh
# Builds keepalive-kamailio:RELEASE for each Debian release named: docker/images.sh bookworm trixie forky
#   docker/images.sh --base forky           makes its base image alone
#   docker/images.sh --all-modules forky    builds keepalive-kamailio-all-modules:forky too, with all of Debian's modules
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
    # Every later release's script is the one of sid: this machine's debootstrap need not know their names.
    as_root debootstrap --variant=minbase "$1" "$folder" "" sid >"$folder.log" 2>&1 &&
        as_root tar -C "$folder" -cf "$folder.tar" . && docker import "$folder.tar" "debian:$1-slim" >/dev/null &&
        made=yes || made=no
    [ $made = yes ] || tail "$folder.log" >&2
    as_root rm -rf "$folder" "$folder.log" "$folder.tar"
    [ $made = yes ]
}

fail() {
    echo "docker/images.sh: $1" >&2
    exit 1
}

only_base=no
all_modules=no
case "${1:-}" in
    --base) only_base=yes && shift ;;
    --all-modules) all_modules=yes && shift ;;
esac
for release; do
    base "$release" || fail "the base image debian:$release-slim can't be made"
    [ $only_base = no ] || continue
    docker build -q --build-arg DEBIAN="$release" -t "keepalive-kamailio:$release" "$here" ||
        fail "the image keepalive-kamailio:$release can't be built"
    [ $all_modules = yes ] || continue
    docker build -q --build-arg DEBIAN="$release" -t "keepalive-kamailio-all-modules:$release" - \
        <"$here/Dockerfile.all-modules" || fail "the image keepalive-kamailio-all-modules:$release can't be built"
done
