#!/usr/bin/env bash
# Makes base images from Debian's (or Ubuntu's) packages, for machines that
# reach no registry.
#
# Usage: docker/base-images.sh          make the tars; prints their directory DIR
#        docker/base-images.sh --load   ... and put all images into the engine that
#                                       `docker` talks to; prints nothing
#
#   dindctl.local/base-daemon       an engine and what it needs, for docker/daemon
#   dindctl.local/base-controller   a docker CLI and a shell, for docker/controller
#   dindctl.local/bash              bash and busybox: what nested jobs run in
#
# DIR, which is in the cache (see cache.sh), holds for each NAME a NAME.tar for
# `docker import` and a NAME.changes, whose lines are its --change arguments. --load
# imports them and builds dindctl.local/dind and dindctl.local/controller on them.
#
# DINDCTL_SUITE names another release of Debian than this machine's, which brings
# another version of the engine into the images.
#
# It promises:
#   - one debootstrap, whose packages come from the mirror that apt uses
#   - what is in the cache is not made again; a change of this script, of the
#     release or of the architecture makes another DIR
#   - an image that is in the engine already, and current, is left alone
#   - runs at the same time wait for each other, and one that is interrupted
#     leaves neither a mount nor a half-made file
set -euo pipefail

PATH=$PATH:/usr/sbin:/sbin
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=docker/cache.sh
. "$here/cache.sh"
# shellcheck source=docker/packages.sh
. "$here/packages.sh"
repository=dindctl.local

# What the images are made of; the rest comes by dependency. The CLI is part of
# docker.io in older releases.
include=docker.io,iptables,iproute2,openssl,jq,procps,ca-certificates,bash-static,busybox-static
separate_cli=docker-cli

as_root() {
	if [ "$(id -u)" = 0 ]; then "$@"; else sudo -- "$@"; fi
}

fail() {
	printf 'base-images.sh: %s\n' "$*" >&2
	exit 1
}

# release prints ID and code name of the distribution that packages come from.
release() {
	if [ -n "${DINDCTL_SUITE:-}" ]; then
		printf 'debian %s\n' "$DINDCTL_SUITE"
		return
	fi
	# shellcheck disable=SC1091
	. /etc/os-release
	case ${ID:-} in
	debian | ubuntu) printf '%s %s\n' "$ID" "${VERSION_CODENAME:?}" ;;
	*) fail "base images are made on Debian and Ubuntu only, not on ${ID:-this system}" ;;
	esac
}

# fingerprint identifies what the base images would be made from.
fingerprint() {
	{
		cat "$here/base-images.sh" "$here/packages.sh"
		release
		dpkg --print-architecture
	} | cache_key
}

# pack ROOT NAME [CHANGE...] writes NAME.tar and NAME.changes.
pack() {
	local root=$1 name=$2
	shift 2
	tar -C "$root" --numeric-owner --sort=name -cf "$work/$name.tar" .
	printf '%s\n' "$@" "LABEL local.dindctl.made-from=$made_from" >"$work/$name.changes"
}

# remove ROOT PATTERN... removes what matches below ROOT.
remove() {
	local root=$1 pattern
	shift
	for pattern in "$@"; do
		# shellcheck disable=SC2086 # the patterns are meant to be expanded
		(cd "$root" && rm -rf -- $pattern)
	done
}

# tiny ROOT FROM makes the root of the image for jobs.
tiny() {
	local root=$1 from=$2 applet
	mkdir -p "$root"/{bin,dev,etc,home,mnt,proc,root,run,sys,usr,var}
	mkdir -m 1777 "$root/tmp" "$root/var/tmp"
	ln -s ../run "$root/var/run"
	ln -s ../bin "$root/usr/bin"
	ln -s bin "$root/sbin"
	cp "$from/bin/bash-static" "$root/bin/bash"
	cp "$from/bin/busybox" "$root/bin/busybox"
	"$from/bin/busybox" --list | while read -r applet; do
		[ -e "$root/bin/$applet" ] || ln -s busybox "$root/bin/$applet"
	done
	printf '%s\n' 'root:x:0:0:root:/root:/bin/bash' 'nobody:x:65534:65534:nobody:/:/bin/false' >"$root/etc/passwd"
	printf '%s\n' 'root:x:0:' 'nogroup:x:65534:' >"$root/etc/group"
	printf 'hosts: files dns\n' >"$root/etc/nsswitch.conf"
	printf 'NAME="dindctl bash"\nID=dindctl-bash\n' >"$root/etc/os-release"
}

# common ROOT strips what no container needs: package management, Perl,
# documentation, translations, firmware of the system around a container.
common() {
	local root=$1
	remove "$root" \
		'var/cache/*' 'var/lib/apt' 'var/lib/dpkg' 'var/log/*' 'var/lib/systemd' 'var/backups' 'debootstrap' 'boot' 'media' 'srv' 'opt' \
		'usr/share/doc*' 'usr/share/man' 'usr/share/info' 'usr/share/locale' 'usr/share/perl*' 'usr/share/zoneinfo' \
		'usr/share/bash-completion' 'usr/share/fish' 'usr/share/zsh' 'usr/share/lintian' 'usr/share/gcc' 'usr/share/common-licenses' \
		'usr/share/keyrings' 'usr/share/docker*' 'usr/share/debconf' 'usr/share/dpkg' 'usr/share/bug' 'usr/share/pixmaps' \
		'usr/lib/apt' 'usr/lib/dpkg' 'usr/lib/systemd' 'usr/lib/locale' 'usr/lib/udev' 'usr/lib/*/gconv' 'usr/lib/*/perl*' \
		'usr/lib/*/libapt-*' 'usr/lib/*/libstdc++*' 'usr/lib/*/libdb-5*' 'usr/lib/*/libgnutls*' 'usr/lib/*/libp11*' 'usr/lib/*/libunistring*' \
		'etc/apt' 'etc/dpkg' 'etc/systemd' 'etc/init.d' 'etc/rc*.d' 'etc/cron*' 'etc/logrotate.d' 'etc/kernel' \
		'usr/bin/perl*' 'usr/bin/apt*' 'usr/bin/dpkg*' 'usr/bin/deb*' 'usr/bin/gpgv' 'usr/bin/localedef' \
		'usr/bin/bash-static' 'usr/bin/busybox' 'usr/sbin/e2*' 'usr/sbin/*fs' 'usr/sbin/mk*' 'usr/sbin/fsck*' 'usr/sbin/debugfs' \
		'usr/*bin/dnet' 'usr/*bin/ovrouter' 'usr/bin/ctr' 'usr/bin/containerd-stress' \
		'usr/bin/containerd-shim' 'usr/bin/containerd-shim-runc-v1' 'usr/sbin/*containerd-shim' 'usr/sbin/cfdisk' 'usr/sbin/fdisk' 'usr/sbin/sfdisk'
	mkdir -p "$root/opt" "$root/var/lib/dpkg" "$root/certs"
	mkdir -p "$root/certs/client"
	chmod 1777 "$root/certs" "$root/certs/client"
	printf 'hosts: files dns\npasswd: files\ngroup: files\n' >"$root/etc/nsswitch.conf"
}

# make_tars runs as root: everything into $work, then in one step to its place.
make_tars() {
	local out=$1 id=$2 suite=$3 from components=main script=() started=$SECONDS
	made_from=$4
	work=$out/making
	rm -rf "$work"
	mkdir -p "$work"
	trap 'umount -R "$work/root/proc" 2>/dev/null || :; rm -rf "$work"' EXIT
	trap 'exit 130' INT
	trap 'exit 143' TERM HUP

	case $id/$suite in
	ubuntu/*) components=main,universe ;;
	debian/bullseye | debian/bookworm) ;;
	*) include=$include,$separate_cli ;;
	esac
	from=$(packages_mirror "$suite")
	printf 'Making base images from the packages of %s %s (about a minute).\n' "$id" "$suite" >&2
	# A debootstrap older than the release has no script for it; that of sid does.
	[ -e "/usr/share/debootstrap/scripts/$suite" ] || script=(/usr/share/debootstrap/scripts/sid)
	debootstrap --variant=minbase --components="$components" --include="$include" \
		"$suite" "$work/root" ${from:+"$from"} "${script[@]}" >"$out/debootstrap.log" 2>&1 || {
		tail -n 20 "$out/debootstrap.log" >&2
		fail "debootstrap failed; its whole output is in $out/debootstrap.log"
	}

	tiny "$work/tiny" "$work/root"
	pack "$work/tiny" bash 'ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' 'CMD ["bash"]'

	common "$work/root"
	printf 'dockremap:165536:65536\n' | tee -a "$work/root/etc/subuid" >>"$work/root/etc/subgid"
	chroot "$work/root" useradd --system --no-create-home --shell /usr/sbin/nologin --user-group dockremap
	pack "$work/root" base-daemon 'ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' 'CMD ["bash"]'

	# The controller is what remains without the engine.
	remove "$work/root" 'usr/sbin/dockerd' 'usr/bin/dockerd' 'usr/bin/containerd*' 'usr/sbin/runc' 'usr/bin/runc' \
		'usr/*bin/docker-proxy' 'usr/*bin/docker-init' 'usr/bin/tini*' 'usr/bin/jq' 'usr/lib/*/libjq*' 'usr/lib/*/libonig*' \
		'usr/*bin/*tables*' 'usr/lib/*/xtables' 'usr/lib/*/libxt*' 'usr/sbin/tc' 'usr/lib/tc' 'usr/sbin/devlink' 'usr/sbin/rdma' \
		'usr/lib/*/libnft*' 'usr/lib/*/libdevmapper*' 'usr/sbin/dmsetup'
	pack "$work/root" base-controller 'ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' 'CMD ["bash"]'

	mv "$work"/*.tar "$work"/*.changes "$out/"
	cache_own "$out"/*
	printf 'Base images made in %d s.\n' "$((SECONDS - started))" >&2
}

# tars DIRECTORY MADE_FROM fills an entry of the cache.
tars() {
	local out=$1 made_from=$2 id suite
	"$here/install.sh" --no-start --only debootstrap
	read -r id suite < <(release)
	as_root "$BASH" "$here/base-images.sh" --make-tars "$out" "$id" "$suite" "$made_from"
}

# current IMAGE MADE_FROM tells whether the engine has this very image.
current() {
	[ "$(docker image inspect --format '{{index .Config.Labels "local.dindctl.made-from"}}' "$1" 2>/dev/null)" = "$2" ]
}

# import OUTDIR NAME MADE_FROM
import() {
	local out=$1 name=$2 made_from=$3 change changes=()
	current "$repository/$name" "$made_from" && return
	while IFS= read -r change; do
		changes+=(--change "$change")
	done <"$out/$name.changes"
	docker import "${changes[@]}" "$out/$name.tar" "$repository/$name:latest" >/dev/null
}

# build NAME DIRECTORY BASE MADE_FROM
build() {
	local name=$1 directory=$2 base=$3 made_from log
	made_from=$({
		printf '%s\n' "$4"
		find "$directory" -type f -print0 | sort -z | xargs -0 sha256sum | cut -c1-64
	} | sha256sum | cut -c1-16)
	current "$repository/$name" "$made_from" && return
	log=$(docker build --quiet --network none --build-arg "BASE_IMAGE=$repository/$base" \
		--label "local.dindctl.made-from=$made_from" --tag "$repository/$name:latest" "$directory" 2>&1) || {
		printf '%s\n' "$log" >&2
		fail "$repository/$name could not be built from $directory"
	}
}

main() {
	local load=no out made_from
	case ${1:-} in
	-h | --help)
		sed -n '2,/^set /{/^set /d;s/^# \{0,1\}//;p}' "$here/base-images.sh"
		return
		;;
	--make-tars)
		make_tars "${@:2}"
		return
		;;
	--load) load=yes ;;
	'') ;;
	*) fail "unknown argument $1" ;;
	esac
	made_from=$(fingerprint)

	cache_use "images/$(release | tr ' ' -)-$made_from" tars "$made_from"
	out=$REPLY
	if [ "$load" = no ]; then
		printf '%s\n' "$out"
		return
	fi
	import "$out" bash "$made_from"
	import "$out" base-controller "$made_from"
	import "$out" base-daemon "$made_from"
	build controller "$here/controller" base-controller "$made_from"
	build dind "$here/daemon" base-daemon "$made_from"
}

main "$@"
