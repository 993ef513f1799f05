#!/bin/sh
# Installs the foreign MySQL clients that test/e2e/proxy drives through the relay (and HAProxy, which
# test/bench/relay.bench.ts compares it with). Run once by CI, and by whoever wants these tests not to be skipped:
#
#     test/clients/install.sh [mariadb] [pymysql] [connectorj] [haproxy]      (default: the three clients)
#
# Debian packages go to the system; Python and Java libraries into $TIVIEW_CLIENTS
# (default ~/.cache/tiview-clients), where the tests look for them.
set -eu

PYMYSQL=PyMySQL==1.1.2
CONNECTORJ=com.mysql:mysql-connector-j:9.4.0

home=${TIVIEW_CLIENTS:-${XDG_CACHE_HOME:-$HOME/.cache}/tiview-clients}
mkdir -p "$home"
[ $# -gt 0 ] || set -- mariadb pymysql connectorj

as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi; }

debian() {
  as_root apt-get update -qq
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$1"
}

for client in "$@"; do
  case $client in
    mariadb) command -v mariadb >/dev/null || debian mariadb-client ;;
    haproxy) command -v haproxy >/dev/null || debian haproxy ;;
    pymysql) python3 -m pip install --quiet --disable-pip-version-check --upgrade --target "$home/python" "$PYMYSQL" ;;
    connectorj)
      command -v java >/dev/null || debian default-jdk-headless
      command -v mvn >/dev/null || debian maven
      mvn -q -B dependency:copy -Dartifact="$CONNECTORJ" -DoutputDirectory="$home/java" -Dmdep.useBaseVersion=true
      ;;
    *) echo "install.sh: unknown client '$client'" >&2; exit 2 ;;
  esac
  echo "installed $client"
done
