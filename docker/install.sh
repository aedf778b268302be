#!/usr/bin/env bash
# Installs what dindctl's own engines and images are made with: a Docker engine
# and its CLI, iptables, iproute2, debootstrap, jq and openssl.
#
# Usage: docker/install.sh [--no-start] [--only COMMAND...]
#
#   --no-start  no service is started by the installation; without it the
#               package does what the distribution does, which is to start
#               the engine where there is a service manager
#   --only      install only what brings these commands; besides those of an
#               engine, gcc (for Go's race detector), patchelf, shellcheck and vagrant are known
#
# It promises:
#   - Debian and Ubuntu only, by apt; elsewhere it names what is missing
#   - a command that is there already is left alone, whoever installed it
#   - nothing is printed, and nothing done, when nothing is missing
set -euo pipefail

PATH=$PATH:/usr/sbin:/sbin
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

# Commands, and the package that brings each.
declare -A package=(
	[dockerd]=docker.io [containerd]=containerd [runc]=runc [iptables]=iptables
	[docker]=docker.io [ip]=iproute2 [debootstrap]=debootstrap [jq]=jq [openssl]=openssl
	[gcc]=g++ [patchelf]=patchelf [shellcheck]=shellcheck [vagrant]=vagrant
)
engine=(dockerd containerd runc iptables docker ip debootstrap jq openssl)

as_root() {
	if [ "$(id -u)" = 0 ]; then "$@"; else sudo -- "$@"; fi
}

fail() {
	printf 'install.sh: %s\n' "$*" >&2
	exit 1
}

# missing prints the packages of those of its arguments that are not in PATH.
missing() {
	local name
	for name in "$@"; do
		command -v "$name" >/dev/null && continue
		# Newer releases have the CLI in a package of its own.
		if [ "$name" = docker ] && apt-cache show docker-cli >/dev/null 2>&1; then
			printf 'docker-cli\n'
		else
			printf '%s\n' "${package[$name]}"
		fi
	done | sort -u
}

# install_packages runs as root, and alone: see the lock below.
install_packages() {
	local start=$1 policy=/usr/sbin/policy-rc.d log packages
	shift
	mapfile -t packages < <(missing "$@") # again: another run may have been faster
	[ "${#packages[@]}" -gt 0 ] || return 0
	apt-get update -qq || fail 'apt could not read its sources'
	mapfile -t packages < <(missing "$@") # now that the packages are known

	log=$(mktemp)
	# shellcheck disable=SC2064 # now is when these names are known
	trap "rm -f '$log'" EXIT
	if [ "$start" = no ]; then
		[ ! -e "$policy" ] || mv "$policy" "$policy.dindctl"
		# shellcheck disable=SC2064
		trap "rm -f '$log' '$policy'; [ ! -e '$policy.dindctl' ] || mv '$policy.dindctl' '$policy'" EXIT
		trap 'exit 130' INT
		trap 'exit 143' TERM HUP
		printf '#!/bin/sh\nexit 101\n' >"$policy"
		chmod 755 "$policy"
	fi

	export DEBIAN_FRONTEND=noninteractive
	printf 'Installing %s.\n' "${packages[*]}" >&2
	if ! apt-get install -qq --yes --no-install-recommends \
		-o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0 "${packages[@]}" >"$log" 2>&1; then
		cat "$log" >&2
		fail "apt could not install ${packages[*]}"
	fi
}

main() {
	local start=yes wanted=() packages
	while [ $# -gt 0 ]; do
		case $1 in
		--no-start) start=no ;;
		--only)
			shift
			wanted=("$@")
			break
			;;
		-h | --help)
			sed -n '2,/^set /{/^set /d;s/^# \{0,1\}//;p}' "$here/install.sh"
			return
			;;
		*) fail "unknown argument $1" ;;
		esac
		shift
	done
	[ "${#wanted[@]}" -gt 0 ] || wanted=("${engine[@]}")
	for name in "${wanted[@]}"; do
		[ -n "${package[$name]:-}" ] || fail "no package is known for $name"
	done

	mapfile -t packages < <(missing "${wanted[@]}")
	[ "${#packages[@]}" -gt 0 ] || return 0
	command -v apt-get >/dev/null || fail "this is neither Debian nor Ubuntu; install these yourself: ${packages[*]}"
	as_root flock /run/lock/dindctl-install "$BASH" "$here/install.sh" --install-packages "$start" "${wanted[@]}"
}

if [ "${1:-}" = --install-packages ]; then
	shift
	install_packages "$@"
else
	main "$@"
fi
