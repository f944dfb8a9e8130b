#!/bin/sh
# Builds the Debian package of this working tree: packaging/build.sh FOLDER
set -eu
cd "$(dirname "$0")/.."
name=kamailio-kemi-keepalive
mkdir -p "$1"
out=$(cd "$1" && pwd)

version=$(sed -n 's/^VERSION: Final = "\(.*\)"$/\1/p' kemi/keepalive_core/__init__.py)
date=$(git log -1 --format=%cD 2>/dev/null || date -R -r CHANGELOG.md)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
source=$work/$name-$version
mkdir "$source"
# All of it: what `make install` puts somewhere is said there, and nowhere a second time.
tar -c --exclude='./.*' --exclude=./build --exclude=__pycache__ . | tar -x -C "$source"
cp -r packaging/debian "$source/debian"
sed -n 's/^$/./; s/^/ /; 5,$p' LICENSE >"$work/license"
sed -i -e "/^@LICENSE@$/{r $work/license" -e 'd}' "$source/debian/copyright"
cat >"$source/debian/changelog" <<END
$name ($version) unstable; urgency=medium

  * See CHANGELOG.md.

 -- $(sed -n 's/^Maintainer: //p' packaging/debian/control)  $date
END
# -d: as nothing is compiled, build-essential is not needed.
(cd "$source" && dpkg-buildpackage -us -uc -b -d) >"$work/log" 2>&1 || {
    tail -n 30 "$work/log" >&2
    exit 1
}
mv "$work"/*.deb "$out"
echo "$out/${name}_${version}_all.deb"
