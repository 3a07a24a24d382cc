#!/usr/bin/env bash
# Runs each tool over each tree, in a root of its own and in mount and network namespaces of its own: what the tools set
# is a sysctl of that network namespace alone. Arguments: the root, the folder of trees, the kind of trees.
set -euo pipefail
root=$1 trees=$2 kind=$3
mount --make-rprivate /
before=12345

# Written by real tools to the real kernel, which refuses what it would refuse of conntrack's limit.
limit=/proc/sys/net/ipv4/tcp_max_syn_backlog
names=(netfilter/nf_conntrack_max nf_conntrack_max)
mkdir -p "$root/proc/sys/net/netfilter"
for name in "${names[@]}"; do : >"$root/proc/sys/net/$name"; done
# As in /proc/sys, nothing can be created.
mount --bind "$root/proc/sys" "$root/proc/sys"
mount -o remount,bind,ro "$root/proc/sys"
for name in "${names[@]}"; do mount --bind "$limit" "$root/proc/sys/net/$name"; done

# Prints what the limit is after a tool has run.
after() {
  echo "$before" >"$limit"
  chroot "$root" "$@" >/dev/null 2>&1 </dev/null || true
  printf ' %s' "$(<"$limit")"
}

openwrt='for f in /etc/sysctl.d/*.conf /etc/sysctl.conf; do [ -f "$f" ] && sysctl -e -p "$f"; done'
for tree in "$trees"/*; do
  rm -rf "$root"/{etc,run,usr/local,usr/lib/{sysctl.d,modprobe.d,modules-load.d}} "$root/proc/cmdline"
  cp -a "$tree/." "$root/"
  printf '%s|' "${tree##*/}"
  case $kind in
  sysctl)
    after /tools/systemd-sysctl
    after /tools/sysctl --system
    after /tools/busybox sh -c "$openwrt"
    ;;
  modprobe) chroot "$root" /tools/modprobe -c 2>/dev/null | tr '\n' '|' ;;
  modules)
    export SYSTEMD_LOG_LEVEL=debug SYSTEMD_LOG_TARGET=console
    chroot "$root" /tools/systemd-modules-load 2>&1 </dev/null | tr '\n' '|' || true
    ;;
  esac
  echo
done
