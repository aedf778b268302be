#!/usr/bin/env bash
# Sees to it that a Docker engine answers, for `make demo`.
#
# Usage: docker/ensure-engine.sh          start one if none answers
#        docker/ensure-engine.sh stop     stop the one that this started
#
# It promises:
#   - an engine that answers (docker context, DOCKER_HOST or default socket) is
#     used as it is; nothing is done but saying so
#   - otherwise it first says what it is going to do: install what is missing from
#     the distribution's packages, and start the engine by systemd or, where that
#     does not run, in the background
#   - where the host lacks capabilities, the engine gets docker/daemon/runtime-fit
#     by its PATH; no configuration file is written
#   - it returns when the engine answers, or fails with its last log lines
#   - stop touches only what start made: processes, bridges, iptables chains. The
#     packages, and the data in /var/lib/docker, stay
set -euo pipefail

PATH=$PATH:/usr/sbin:/sbin
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
state=$(dirname "$here")/.cache/demo-engine
socket=/var/run/docker.sock
system_path=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
unit=/run/systemd/system/docker.service.d/dindctl-demo.conf
start_limit=60 # seconds
stop_limit=60

as_root() {
	if [ "$(id -u)" = 0 ]; then "$@"; else sudo -- "$@"; fi
}

say() {
	printf '%s\n' "$*"
}

fail() {
	printf 'ensure-engine.sh: %s\n' "$*" >&2
	exit 1
}

# answers tells whether an engine does, and prints which.
answers() {
	command -v docker >/dev/null && docker version --format 'Engine {{.Server.Version}}' 2>/dev/null
}

# endpoint prints where the docker CLI looks.
endpoint() {
	if [ -n "${DOCKER_HOST:-}" ]; then
		printf '%s\n' "$DOCKER_HOST"
	elif command -v docker >/dev/null; then
		docker context inspect --format '{{.Endpoints.docker.Host}}' 2>/dev/null || printf 'unix://%s\n' "$socket"
	else
		printf 'unix://%s\n' "$socket"
	fi
}

# wait_until LIMIT COMMAND... waits for the condition.
wait_until() {
	local deadline=$((SECONDS + $1))
	shift
	until "$@" >/dev/null 2>&1; do
		[ "$SECONDS" -lt "$deadline" ] || return 1
		sleep 0.05
	done
}

root_answers() {
	as_root docker --host "unix://$socket" version
}

gone() {
	! as_root kill -0 "$1"
}

# lacks_capabilities tells whether this host withholds some from everybody.
lacks_capabilities() {
	local last bound
	read -r last </proc/sys/kernel/cap_last_cap
	bound=$(awk '$1 == "CapBnd:" { print $2 }' /proc/1/status)
	[ $((0x$bound)) -ne $(((1 << (last + 1)) - 1)) ]
}

has_systemd() {
	[ -d /run/systemd/system ] && command -v systemctl >/dev/null
}

start_by_systemd() {
	if [ -n "$fit" ]; then
		as_root mkdir -p "$(dirname "$unit")"
		printf '[Service]\nEnvironment="PATH=%s"\n' "$fit:$system_path" | as_root tee "$unit" >/dev/null
		say "This host lacks capabilities: $unit (until the next reboot) puts runtime-fit before runc."
		as_root systemctl daemon-reload
	fi
	as_root systemctl start docker || true # what went wrong is shown below
	printf 'systemd\n' >"$state/started"
}

start_in_background() {
	local group=()
	[ "$(id -u)" = 0 ] || group=(--group "$(id -g)") # so that this user may use it
	# shellcheck disable=SC2016 # that shell expands it
	as_root env -i PATH="${fit:+$fit:}$system_path" HOME=/root setsid --fork \
		sh -c 'log=$1; shift; exec "$@" </dev/null >"$log" 2>&1' sh "$state/log" \
		dockerd --host "unix://$socket" --pidfile "$state/pid" "${group[@]}"
	printf 'background\n' >"$state/started"
}

show_log() {
	if has_systemd; then
		as_root journalctl --unit docker --lines 20 --no-pager >&2 || :
	else
		tail -n 20 "$state/log" >&2 || :
	fi
}

start() {
	local at version what
	at=$(endpoint)
	if version=$(answers); then
		say "$version answers at $at; nothing to do."
		return
	fi
	case $at in
	"unix://$socket" | unix:///run/docker.sock) ;;
	*) fail "no Docker engine answers at $at, which is not this machine's own: start it there, or unset DOCKER_HOST or choose another docker context" ;;
	esac
	if [ -S "$socket" ] && command -v docker >/dev/null && root_answers >/dev/null 2>&1; then
		fail "an engine answers at $at, but not to $(id -un): add this user to the group of $socket, or use sudo"
	fi

	what='starting the one that is installed'
	command -v dockerd >/dev/null || what="installing docker.io from the distribution's packages and starting it"
	say "No Docker engine answers at $at; $what."
	"$here/install.sh" --no-start --only docker dockerd containerd runc iptables

	mkdir -p "$state"
	fit=''
	if lacks_capabilities; then
		"$here/install.sh" --no-start --only jq
		fit=$state/bin
		mkdir -p "$fit"
		ln -sf "$here/daemon/runtime-fit" "$fit/runc"
	fi
	remember_network
	if has_systemd; then start_by_systemd; else start_in_background; fi
	wait_until "$start_limit" root_answers || {
		show_log
		fail "the engine does not answer after $start_limit s"
	}
	if version=$(answers); then
		say "$version answers at $at. Stop it with docker/ensure-engine.sh stop."
	else
		fail "the engine runs, but $(id -un) may not use $socket: add this user to its group, or use sudo"
	fi
}

# remember_network writes down what an engine changes in this network namespace.
remember_network() {
	cp /proc/sys/net/ipv4/ip_forward "$state/ip_forward"
	as_root iptables -S FORWARD 2>/dev/null | head -n 1 >"$state/forward_policy" || :
}

# bridges prints those of the engine's networks.
bridges() {
	printf 'docker0\n'
	as_root docker --host "unix://$socket" network ls --filter driver=bridge --format '{{.ID}}' | sed 's/^/br-/'
}

# remove_remains removes what an engine leaves when it ends: its bridges (the
# arguments), chains, cgroups and run-time directory. Not if another one runs.
remove_remains() {
	local names tool table line other
	for other in $(pgrep -x dockerd || :); do
		[ "$(as_root readlink "/proc/$other/ns/net")" != "$(readlink /proc/self/ns/net)" ] || return 0
	done

	for line in "$@"; do
		as_root ip link delete "$line" 2>/dev/null || :
	done
	names=$(printf '%s|' "$@")
	for tool in iptables ip6tables; do
		for table in raw nat filter; do
			# The rules that lead to its chains or name its bridges, then the chains.
			{ as_root "$tool" -t "$table" -S 2>/dev/null || :; } |
				{ grep -E -- "^-A .*( -j DOCKER| -[io] (${names%|})( |\$))" || :; } |
				while read -r line; do
					# shellcheck disable=SC2086 # a rule is words
					as_root "$tool" -t "$table" -D ${line#-A } || :
				done
			{ as_root "$tool" -t "$table" -S 2>/dev/null || :; } | awk '$1 == "-N" && $2 ~ /^DOCKER/ { print $2 }' |
				while read -r line; do as_root "$tool" -t "$table" -F "$line" || :; done
			{ as_root "$tool" -t "$table" -S 2>/dev/null || :; } | awk '$1 == "-N" && $2 ~ /^DOCKER/ { print $2 }' |
				while read -r line; do as_root "$tool" -t "$table" -X "$line" || :; done
		done
	done
	# shellcheck disable=SC2046 # "-P FORWARD ACCEPT" is words
	[ ! -s "$state/forward_policy" ] || as_root iptables $(cat "$state/forward_policy") || :
	if [ "$(cat "$state/ip_forward")" = 0 ]; then
		printf '0\n' | as_root tee /proc/sys/net/ipv4/ip_forward >/dev/null
	fi
	as_root rmdir /sys/fs/cgroup/docker /sys/fs/cgroup/*/docker 2>/dev/null || :
	as_root rm -rf --one-file-system /run/docker
	as_root rmdir /opt/containerd/bin /opt/containerd/lib /opt/containerd /run/containerd/s /run/containerd 2>/dev/null || :
}

stop() {
	local how pid names
	how=$(cat "$state/started" 2>/dev/null) || {
		say 'No engine was started by this script; nothing to stop.'
		return
	}
	mapfile -t names < <(bridges 2>/dev/null)
	if [ "$how" = systemd ]; then
		as_root systemctl stop docker.socket docker.service
		as_root rm -f "$unit"
		as_root systemctl daemon-reload
	else
		pid=$(cat "$state/pid" 2>/dev/null || :)
		if [ -n "$pid" ] && as_root grep -qzxF "$state/pid" "/proc/$pid/cmdline" 2>/dev/null; then
			as_root kill -s TERM "$pid"
			wait_until "$stop_limit" gone "$pid" || {
				as_root kill -s KILL "$pid"
				wait_until 10 gone "$pid" || fail "the engine (process $pid) does not end"
			}
		fi
		as_root rm -f "$socket"
	fi
	remove_remains "${names[@]}"
	as_root rm -rf "$state"
	say 'The engine is stopped. Packages and /var/lib/docker stay.'
}

case ${1:-start} in
start) start ;;
stop) stop ;;
*) sed -n '2,/^set /{/^set /d;s/^# \{0,1\}//;p}' "$here/ensure-engine.sh" ;;
esac
