#!/bin/bash
# Runs the README's commands where there is nothing but Debian, Python, make and git: in a container without
# IPv6, /etc/protocols, a Docker engine or privileges. What is committed is what runs.
#   docker/bare.sh                          make run until a gateway went and came, then make test
#   docker/bare.sh make check unit          another command
#   RELEASE=trixie docker/bare.sh           on another Debian than bookworm
# Of this machine it has only what apt and pip need where they have to go through something.
set -euo pipefail
cd "$(dirname "$0")/.."

release=${RELEASE:-bookworm}
image=keepalive-bare:$release
docker/images.sh --base "$release"
docker build -q --build-arg DEBIAN="$release" -t "$image" - <<'DOCKERFILE' >/dev/null
ARG DEBIAN
FROM debian:${DEBIAN}-slim
# What a mirror says of a release is valid for a week, for those that are not released yet, and mirrors are older at times.
RUN echo 'Acquire::Check-Valid-Until "false";' >/etc/apt/apt.conf.d/99old-mirror
RUN apt-get update && apt-get install -y --no-install-recommends python3 make git ca-certificates \
 && rm -rf /var/lib/apt/lists/*
DOCKERFILE

work=$(mktemp -d)
container=keepalive-bare-$$
trap 'docker rm -f "$container" >/dev/null 2>&1 || true; rm -rf "$work"' EXIT
git clone -q . "$work/keepalive"
apt-config dump | grep -E '^Acquire::(https?::|Check-)' >"$work/apt.conf" || true
env | grep -iE '^(PIP_|SSL_|REQUESTS_|(https?|no)_proxy=)' >"$work/environment" || true
options=(--rm --name "$container" --sysctl net.ipv6.conf.all.disable_ipv6=1 -v "$work/keepalive:/keepalive" -w /keepalive)
options+=(-v "$work/apt.conf:/etc/apt/apt.conf.d/99of-this-machine:ro")
options+=(--env-file "$work/environment")
for folder in /etc/ssl/certs /opt; do
    [ ! -d "$folder" ] || options+=(-v "$folder:$folder:ro")
done
[ $# -gt 0 ] || set -- python3 docker/newcomer.py
docker run "${options[@]}" "$image" "$@"
