#!/bin/sh
# Packs the built TypeScript client as `npm pack` does, without npm, for the pod to serve:
#
#   tools/client_package.sh CLIENT OUT.tgz OUT.inc
#
# OUT.inc has the same bytes as the elements of a C++ array. The same files give the same bytes on every
# machine, since npm keeps the hash of what it has installed: so no owner, no time, names in order.
set -eu
cd "$1"
# npm unpacks what is below one top folder, which it calls "package".
tar --create --format=ustar --sort=name --owner=0 --group=0 --numeric-owner \
  --mtime=@499162500 --mode=u=rwX,go=rX --transform='s,^,package/,' \
  package.json README.md LICENSE dist | gzip -9n >"$2"
od -An -v -tx1 "$2" | sed 's/ \([0-9a-f][0-9a-f]\)/0x\1,/g' >"$3"
