#!/usr/bin/env bash
# Fetches programs that only the tests need from Debian's (or Ubuntu's) packages,
# without installing them: a registry and an SSH server would otherwise be
# services of this machine, started at its next boot.
#
# Usage: docker/test-tools.sh   prints the directory DIR that they are in
#
#   DIR/bin/docker-registry, DIR/bin/sshd   the programs
#   DIR/lib/                                the shared libraries of both, and
#                                           the loader, ld.so
#
# It promises:
#   - what is in the cache (see cache.sh) is not made again; a change of this
#     script, of the release or of the architecture makes another directory
#   - no root rights, no change of this machine outside the cache
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=docker/cache.sh
. "$here/cache.sh"
# shellcheck source=docker/packages.sh
. "$here/packages.sh"
packages=(docker-registry openssh-server)
programs=(usr/bin/docker-registry usr/sbin/sshd)

fail() {
	printf 'test-tools.sh: %s\n' "$*" >&2
	exit 1
}

make_tools() {
	local out=$1 started=$SECONDS
	command -v apt-get >/dev/null || fail 'this is neither Debian nor Ubuntu'
	packages_unpack "$out/root" "$out/work" '' "${packages[@]}"
	packages_collect "$out/root" "$out" "${programs[@]}"
	rm -rf "$out/root" "$out/work"
	printf 'Tools of the tests fetched in %d s.\n' "$((SECONDS - started))" >&2
}

key=$(cat "$here/test-tools.sh" "$here/packages.sh" /etc/os-release <(dpkg --print-architecture) | cache_key)
cache_use "tools/$key" make_tools
printf '%s\n' "$REPLY"
