#!/bin/sh
# Builds what a release consists of, in build/release: the Debian package, the wheels of the module and of all
# that stands beside it, and SHA256SUMS. It is made of a clone of HEAD, and twice of one commit it is the same, byte
# for byte: its times are those of the commit.
set -eu
cd "$(dirname "$0")/.."

fail() {
    echo "$1" >&2
    exit 1
}

version=$(sed -n 's/^VERSION: Final = "\(.*\)"$/\1/p' kemi/keepalive_core/__init__.py)
[ -z "$(git status --porcelain)" ] || fail "There are changes that are not committed, and no release would have them."
grep -q "^## \[$version\] - 2" CHANGELOG.md || fail "CHANGELOG.md has no section of version $version with its date."
[ "$(git describe --tags --exact-match --match "v$version" HEAD 2>/dev/null)" = "v$version" ] ||
    echo "This is a rehearsal: HEAD is not tagged v$version."

out=$PWD/build/release
rm -rf "$out"
mkdir -p "$out"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
umask 022
git clone -q . "$work/clone"
SOURCE_DATE_EPOCH=$(git log -1 --format=%ct)
TZ=UTC
export SOURCE_DATE_EPOCH TZ
"$work/clone/packaging/build.sh" "$out" >"$work/log" 2>&1 || fail "$(cat "$work/log")"
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -q -r "$work/clone/packaging/requirements.txt"
for project in "$work/clone" "$work/clone/testing" "$work"/clone/stubs/*.*/; do
    "$work/venv/bin/pip" wheel -q --no-build-isolation --no-deps -w "$out" "$project" || fail "$project is no wheel."
done
(cd "$out" && sha256sum -- *.deb *.whl >SHA256SUMS && cat SHA256SUMS)
