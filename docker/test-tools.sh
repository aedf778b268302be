#!/usr/bin/env bash
# Fetches programs that only the tests need from Debian's (or Ubuntu's) packages,
# without installing them: a registry and an SSH server would otherwise be
# services of this machine, started at its next boot.
#
# Usage: docker/test-tools.sh [OUTDIR]   (default: .cache/tools of this repository)
#
#   OUTDIR/bin/docker-registry, OUTDIR/bin/sshd   the programs
#   OUTDIR/lib/                                   the shared libraries of both, and
#                                                 the loader, ld.so
#
# It promises:
#   - with a complete OUTDIR nothing is done; a change of this script, of the
#     release or of the architecture makes it anew
#   - no root rights, no change of this machine outside OUTDIR
#   - runs at the same time wait for each other
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
packages=(docker-registry openssh-server)
programs=(usr/bin/docker-registry usr/sbin/sshd)

fail() {
	printf 'test-tools.sh: %s\n' "$*" >&2
	exit 1
}

fingerprint() {
	cat "$here/test-tools.sh" /etc/os-release <(dpkg --print-architecture) | sha256sum | cut -c1-16
}

# names prints what an installation would fetch if nothing was installed yet, so
# that every library comes along.
names() {
	: >"$work/status"
	apt-get -qq -o Dir::State::status="$work/status" -o Debug::NoLocking=1 --no-install-recommends \
		--print-uris install "${packages[@]}" | awk '{ sub("_.*", "", $2); print $2 }'
}

# fetch unpacks the packages and all that they depend on into a root.
fetch() {
	local root=$1 deb
	mkdir -p "$work/debs" "$root"/usr/{bin,sbin,lib,lib64}
	ln -s usr/bin usr/sbin usr/lib usr/lib64 "$root/"
	names >"$work/names" || fail "apt does not know ${packages[*]}; run apt-get update"
	(cd "$work/debs" && xargs apt-get -q download <../names >../log 2>&1) || {
		cat "$work/log" >&2
		fail 'apt could not fetch the packages'
	}
	for deb in "$work"/debs/*.deb; do
		dpkg-deb --fsys-tarfile "$deb" | tar -C "$root" -x --keep-directory-symlink --no-same-owner
	done
}

# collect ROOT TO copies the programs and the libraries that they load.
collect() {
	local root=$1 to=$2 loader program library
	loader=$(find -L "$root/lib64" "$root/lib" -maxdepth 2 -name 'ld-linux*.so.*' | head -n 1)
	[ -n "$loader" ] || fail 'there is no loader among the packages'
	mkdir -p "$to/bin" "$to/lib"
	cp -L "$loader" "$to/lib/ld.so"
	for program in "${programs[@]}"; do
		cp "$root/$program" "$to/bin/"
		"$loader" --library-path "$(find -L "$root/lib" -maxdepth 2 -name 'libc.so.6' -printf '%h\n' | head -n 1)" \
			--list "$root/$program" 2>/dev/null | awk '$2 == "=>" && $3 ~ /^\// { print $3 }' |
			while read -r library; do
				cp -L "$library" "$to/lib/"
			done
	done
}

main() {
	local out=${1:-$here/../.cache/tools} made_from started=$SECONDS
	mkdir -p "$out"
	out=$(cd "$out" && pwd)
	made_from=$(fingerprint)
	exec 8>"$out/lock"
	flock 8
	[ "$(cat "$out/made-from" 2>/dev/null)" != "$made_from" ] || return 0
	command -v apt-get >/dev/null || fail 'this is neither Debian nor Ubuntu'

	work=$(mktemp -d "$out/making.XXXXXX")
	trap 'rm -rf "$work"' EXIT
	trap 'exit 130' INT
	trap 'exit 143' TERM HUP
	fetch "$work/root"
	collect "$work/root" "$work/tools"
	rm -rf "${out:?}/bin" "${out:?}/lib"
	mv "$work/tools/bin" "$work/tools/lib" "$out/"
	printf '%s\n' "$made_from" >"$out/made-from"
	printf 'Tools of the tests fetched in %d s.\n' "$((SECONDS - started))" >&2
}

main "$@"
