#!/bin/sh
# Installs the foreign MySQL clients that the end-to-end tests drive (and HAProxy, which test/bench/relay.bench.ts
# compares the relay with). `.ci/run` runs it; run it by hand if a test says that a client is missing:
#
#     test/clients/install.sh [mariadb] [pymysql] [connectorj] [haproxy]      (default: the three clients)
#
# Programs go to the system (apt, if this is root or sudo works). Libraries go to dist/clients, which git ignores: a
# Python environment with PyMySQL, and Connector/J's jar. They come from wherever pip and Maven are set up to look.
set -eu
cd "$(dirname "$0")/../.."

PYMYSQL=PyMySQL==1.1.2
CONNECTORJ=com.mysql:mysql-connector-j:9.4.0

home=$PWD/dist/clients
mkdir -p "$home"
[ $# -gt 0 ] || set -- mariadb pymysql connectorj

as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@"; fi; }

# $1: the program, $2: the Debian package that has it.
program() {
  command -v "$1" >/dev/null && return
  if ! command -v apt-get >/dev/null; then
    echo "install.sh: '$1' is missing, and there is no apt-get to install it with" >&2
    return 1
  fi
  as_root apt-get update -qq
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$2" >&2
}

pymysql() {
  python=$home/python/bin/python
  if ! "$python" -c 'import importlib.metadata as m, sys; sys.exit("PyMySQL==" + m.version("PyMySQL") != sys.argv[1])' "$PYMYSQL" 2>/dev/null; then
    # Debian's own Python makes no environments without a package of its own.
    python3 -m venv --clear "$home/python" || { program no-such-program python3-venv; python3 -m venv --clear "$home/python"; }
    "$python" -m pip install --quiet --disable-pip-version-check "$PYMYSQL"
  fi
}

connectorj() {
  program java default-jdk-headless
  jar=$home/java/$(echo "$CONNECTORJ" | cut -d: -f2-3 | tr : -).jar
  [ -f "$jar" ] && return
  program mvn maven
  mvn -q -B dependency:copy -Dartifact="$CONNECTORJ" -DoutputDirectory="$home/java" -Dmdep.useBaseVersion=true
}

for client in "$@"; do
  case $client in
    mariadb) program mariadb mariadb-client ;;
    haproxy) program haproxy haproxy ;;
    pymysql | connectorj) "$client" ;;
    *) echo "install.sh: unknown client '$client'" >&2; exit 2 ;;
  esac
  echo "installed $client"
done
