#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Checks the model with Spin: spin.sh safety|ends holds|broken [DEFINE…]. Prints states and verdict on one line; the exit
# status is 0 where the property holds, or is found broken, as was said.
set -u
property=$1 expected=$2
shift 2
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d) && trap 'rm -rf "$work"' EXIT
cd "$work" || exit 2
defines=("${@/#/-D}")
spin "${defines[@]}" -a "$here/grace.pml" >spin.log 2>&1 || { cat spin.log; exit 2; }
case $property in
  safety) gcc -O2 -w -DSAFETY -DNOCLAIM -DNOFAIR -o pan pan.c && ./pan -m1000000 >pan.log 2>&1 ;;
  # weak fairness: a thread that can go on does, some time; the flushes of three buffers and three threads beside init
  ends) gcc -O2 -w -DNFAIR=3 -o pan pan.c && ./pan -a -f -m1000000 >pan.log 2>&1 ;;
  *) echo "no such property: $property"; exit 2 ;;
esac
errors=$(sed -n 's/.*errors: \([0-9]*\).*/\1/p' pan.log)
states=$(sed -n 's/^ *\([0-9.e+]*\) states, stored.*/\1/p' pan.log)
[ -n "$errors" ] && ! grep -q "max search depth too small" pan.log || { cat pan.log; exit 2; }
# What was found must be what was looked for.
case $property in safety) wrong="assertion violated" ;; *) wrong="acceptance cycle" ;; esac
[ "$errors" -eq 0 ] || grep -q "$wrong" pan.log || { cat pan.log; exit 2; }
if [ "$errors" -eq 0 ]; then found=holds; else found=broken; fi
[ $found = "$expected" ] && said=ok || said="not ok"
echo "$said $property of the protocol${*:+ with $*}: $found ($states states)"
[ "$said" = ok ]
