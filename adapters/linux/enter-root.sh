#!/bin/sh
# SPDX-License-Identifier: MIT
# enter-root.sh ROOT COMMAND [ARGUMENT]...
#
# Runs a command in a root, as root of a namespace that has to have been made for it: what is mounted here vanishes with it.
# The devices are the machine's own, for an ordinary user can make none.
set -eu
root=$1
shift
mount --rbind /dev "$root/dev"
mount -t proc proc "$root/proc"
exec chroot "$root" "$@"
