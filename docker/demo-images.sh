#!/usr/bin/env bash
# Sees to it that the examples find images, in the engine that `docker` talks to.
#
# Usage: docker/demo-images.sh
#
# It promises:
#   - where the engine reaches a registry, the examples use the official images;
#     nothing is made
#   - where it does not, dindctl.local/{bash,base-controller,controller,dind} are
#     made from packages, put into the engine, and named in
#     examples/local.auto.hclvars, which the examples read
#   - it says which; what is there and current is not made again; a file of that
#     name that somebody else wrote is left alone
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
file=$(dirname "$here")/examples/local.auto.hclvars
mark='# Written by docker/demo-images.sh: this engine reaches no registry.'
probe=bash # the smallest of the official images that the examples use
limit=10   # seconds

fail() {
	printf 'demo-images.sh: %s\n' "$*" >&2
	exit 1
}

ours() {
	[ ! -e "$file" ] || [ "$(head -n 1 "$file")" = "$mark" ]
}

case ${1:-} in
'') ;;
-h | --help)
	sed -n '2,/^set /{/^set /d;s/^# \{0,1\}//;p}' "$here/demo-images.sh"
	exit
	;;
*) fail "unknown argument $1" ;;
esac

docker version >/dev/null 2>&1 || fail 'no Docker engine answers; docker/ensure-engine.sh starts one'

if docker image inspect "$probe" >/dev/null 2>&1 || timeout "$limit" docker pull --quiet "$probe" >/dev/null 2>&1; then
	printf 'The engine reaches a registry: the examples use the official images.\n'
	if [ -e "$file" ] && ours; then rm -f "$file"; fi
	exit 0
fi

printf 'The engine reaches no registry: the examples use images made here from packages.\n'
"$here/base-images.sh" --load
if ours; then
	cat >"$file" <<-END
		$mark
		daemon_image    = "dindctl.local/dind"
		controller_base = "dindctl.local/base-controller"
		job_image       = "dindctl.local/bash"
	END
	printf 'They are in the engine, and named in examples/%s.\n' "$(basename "$file")"
else
	printf 'They are in the engine; examples/%s was not written by this script and is left as it is.\n' "$(basename "$file")"
fi
