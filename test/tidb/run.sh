#!/bin/sh
# Builds the rig if needed and runs it. Arguments go to the rig, e.g.
#   ./run.sh -fixed-ports
#   ./run.sh -stores 3 -faults all
set -e
"$(dirname "$0")/build.sh"
exec "$(dirname "$0")/bin/rig" "$@"
