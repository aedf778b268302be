#!/usr/bin/env bash
# Fetches the Docker engine of another release of Debian than this machine's,
# without installing it, so that it runs here as a root engine.
#
# Usage: docker/other-engine.sh SUITE   prints the directory DIR that it is in
#
#   DIR/bin/   dockerd, containerd, its shim, runc, docker-proxy, docker-init
#   DIR/lib/   the libraries that they load, and the loader
#
# A newer release's programs want a newer C library than this machine may have. They
# are not run in a root of their own, because then the sources of bind mounts would be
# that root's: each has its loader and the directory of its libraries written into it.
#
# It promises:
#   - what is in the cache (see cache.sh) is not made again; a change of these
#     scripts or of the architecture makes another directory
#   - nothing of this machine is changed outside the cache, but that patchelf is
#     installed where it is missing
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=docker/cache.sh
. "$here/cache.sh"
# shellcheck source=docker/packages.sh
. "$here/packages.sh"

fail() {
	printf 'other-engine.sh: %s\n' "$*" >&2
	exit 1
}

make_engine() {
	local out=$1 place=$2 suite=$3 started=$SECONDS program
	command -v apt-get >/dev/null || fail 'this is neither Debian nor Ubuntu'
	"$here/install.sh" --no-start --only patchelf
	packages_unpack "$out/root" "$out/work" "$suite" docker.io containerd runc tini-static
	packages_collect "$out/root" "$out" usr/sbin/dockerd usr/sbin/docker-proxy usr/bin/docker-init \
		usr/bin/containerd usr/bin/containerd-shim-runc-v2 usr/sbin/runc
	for program in "$out"/bin/*; do
		patchelf --print-interpreter "$program" >/dev/null 2>&1 || continue # static, as docker-init has to be
		# Not --set-rpath alone: libraries that libraries load would be looked for elsewhere.
		patchelf --set-interpreter "$place/lib/ld.so" --force-rpath --set-rpath "$place/lib" "$program"
	done
	rm -rf "$out/root" "$out/work"
	printf 'The engine of %s fetched in %d s.\n' "$suite" "$((SECONDS - started))" >&2
}

case ${1:-} in
'' | -*)
	sed -n '2,/^set /{/^set /d;s/^# \{0,1\}//;p}' "$here/other-engine.sh"
	exit 2
	;;
esac
entry=engines/$1-$({
	cat "$here/other-engine.sh" "$here/packages.sh"
	dpkg --print-architecture
	printf '%s\n' "$cache" # the programs know where they are
} | cache_key)
cache_use "$entry" make_engine "$cache/$entry" "$1"
printf '%s\n' "$REPLY"
