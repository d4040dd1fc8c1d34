#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Everything that the Promela model has to show; the exit status is the number of checks that failed.
cd "$(dirname "$0")" || exit 2
failed=0
check() { ./spin.sh "$@" || failed=$((failed + 1)); }
check safety holds
check safety holds K=4 READERS=1
check safety holds HANG_ONLINE HANG_OFFLINE
check safety holds POLL_LOADS
check safety holds START_STORES
for broken in ONLINE_STORE NO_ADVANCE UNLINK_LATE QUIESCENT_IN_WALK SLOT_NOT_SCANNED OFFLINE_IN_SEND NO_RMW; do
  check safety broken $broken
done
check ends holds
check ends holds HANG_OFFLINE
check ends broken HANG_ONLINE
exit $failed
