#!/bin/sh
# Builds bin/rig if it is missing or older than its sources. Says what it does
# on standard error only. The flags are always the same: other ones would not
# share Go's build cache.
set -e
cd "$(dirname "$0")"
if [ -x bin/rig ] && [ -z "$(find . -maxdepth 1 \( -name '*.go' -o -name 'go.*' \) -newer bin/rig)" ]; then
	exit 0
fi
if ! command -v go >/dev/null 2>&1; then
	echo "test/tidb: Go is needed to build the TiDB test rig (https://go.dev/dl/)" >&2
	exit 1
fi
echo "test/tidb: building the TiDB test rig. The first build on a machine downloads 1.8 GB of Go modules" >&2
echo "test/tidb: and takes several minutes; later ones take half a minute." >&2
mkdir -p bin
go build -trimpath -ldflags='-s -w' -o "bin/rig.$$" . >&2
mv -f "bin/rig.$$" bin/rig
echo "test/tidb: built." >&2
