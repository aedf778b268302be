# Where the scripts of this directory keep what is slow to make and never changes
# once it is made: base images, engines, tools. To be sourced; needs bash and flock.
# shellcheck shell=bash
#
# It is ~/.cache/dindctl (DINDCTL_CACHE moves it), shared by all clones of all
# commits of this user. An entry is KIND/NAME-KEY, where KEY is a hash of all that
# it is made from: what another commit needs has another key and stays beside it.
#
# It promises:
#   - an entry is there whole or not at all: it is made beside its place, under a
#     lock, and renamed; who comes meanwhile waits
#   - an entry that a running script has asked for is never removed; one that
#     nobody has asked for in 30 days is, when another one is made
#   - under sudo the caller's cache is used, and what is made belongs to the caller

cache=${DINDCTL_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/dindctl}
cache_days=30
case $cache in
/*) ;;
*)
	printf 'DINDCTL_CACHE has to be an absolute path, not %s\n' "$cache" >&2
	exit 1
	;;
esac

# cache_key prints a key for what it reads on standard input.
cache_key() {
	sha256sum | cut -c1-16
}

# cache_own gives the paths to the caller of sudo.
cache_own() {
	if [ "$(id -u)" = 0 ] && [ -n "${SUDO_UID:-}" ]; then chown -h "$SUDO_UID:${SUDO_GID:-$SUDO_UID}" "$@"; fi
}

# cache_use ENTRY MAKE [ARGUMENT...] sets REPLY to the entry's directory. Where it
# is not there, it is made by `MAKE DIRECTORY ARGUMENT...`, which runs with set -e
# in a subshell and fills the directory. It is kept until this process has ended.
# (Not to be called where a failure is caught: set -e would be off in MAKE.)
cache_use() {
	local entry=$cache/$1 make=$2 lock making saved
	shift 2
	mkdir -p "$(dirname "$entry")"
	exec {lock}>>"$entry.lock"
	cache_own "$cache" "$(dirname "$entry")" "$entry.lock"
	flock --shared "$lock"
	if [ ! -d "$entry" ]; then
		flock --unlock "$lock" # two that hold it would wait for each other
		flock "$lock"
	fi
	if [ ! -d "$entry" ]; then
		cache_prune
		cache_remove "$entry".making.*
		making=$(mktemp -d "$entry.making.XXXXXX")
		chmod 755 "$making"
		saved=$(trap -p INT TERM HUP)
		trap 'exit 130' INT # once the maker has ended: it is not left alone
		trap 'exit 143' TERM HUP
		(
			# shellcheck disable=SC2064 # now is when the name is known
			trap "cache_remove '$making'" EXIT
			trap 'exit 130' INT
			trap 'exit 143' TERM HUP
			"$make" "$making" "$@"
			cache_own "$making"
			mv -T "$making" "$entry"
		)
		trap - INT TERM HUP
		eval "$saved"
	fi
	touch --no-create "$entry.lock"
	flock --shared "$lock"
	REPLY=$entry
}

# cache_remove removes what is there of its arguments, whoever owns what is inside.
cache_remove() {
	local path
	for path in "$@"; do
		[ -e "$path" ] || continue
		rm -rf --one-file-system "$path" 2>/dev/null || sudo -n -- rm -rf --one-file-system "$path"
	done
}

# cache_prune removes entries that nobody has asked for in a long time.
cache_prune() {
	local lock fd
	find "$cache" -mindepth 2 -maxdepth 2 -name '*.lock' -mtime "+$cache_days" -print 2>/dev/null | while read -r lock; do
		(
			exec {fd}>>"$lock"
			flock --nonblock "$fd" || exit 0
			[ -n "$(find "$lock" -mtime "+$cache_days")" ] || exit 0 # somebody has asked for it meanwhile
			cache_remove "${lock%.lock}" "${lock%.lock}".making.*
		) || :
	done || : # an entry can vanish while it is looked for
}
