#!/bin/sh
# Runs suites of others, and small programs, directly against the rig's TiDB and through TiView before it, and prints
# what differs; ends with 1 if anything does. test/clients/README.md says which there are and how long they take.
#
#     test/clients/run.sh [--direct-twice] [--failures] [name…]      (default: all)
set -eu
cd "$(dirname "$0")/../.."

npm run --silent build
test/tidb/build.sh
# shellcheck disable=SC2046 # names without blanks
test/clients/install.sh $(node dist/test/clients/run-suites.js --list "$@") >&2
exec node --enable-source-maps dist/test/clients/run-suites.js "$@"
