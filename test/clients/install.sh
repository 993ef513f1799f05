#!/bin/sh
# Installs the foreign MySQL clients that the end-to-end tests drive (and HAProxy, which test/bench/relay.bench.ts
# compares the relay with). `.ci/run` runs it; run it by hand if a test says that a client is missing:
#
#     test/clients/install.sh [mariadb] [pymysql] [sqlalchemy] [connectorj] [mariadbj] [prometheus] [haproxy]      (default: the clients)
#
# Programs go to the system (apt, if this is root or sudo works). Libraries go to dist/clients, which git ignores: a
# Python environment with PyMySQL, SQLAlchemy and Prometheus' parser, and the jars of Connector/J and MariaDB Connector/J. They come from wherever pip and Maven are set up to look.
set -eu
cd "$(dirname "$0")/../.."

PYMYSQL=PyMySQL==1.1.2
SQLALCHEMY=SQLAlchemy==2.0.44
CONNECTORJ=com.mysql:mysql-connector-j:9.4.0
PROMETHEUS=prometheus_client==0.23.1
MARIADBJ=org.mariadb.jdbc:mariadb-java-client:3.5.6

home=$PWD/dist/clients
mkdir -p "$home"
[ $# -gt 0 ] || set -- mariadb pymysql sqlalchemy connectorj mariadbj prometheus

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

# $1: a package of Python's, `name==version`.
wheel() {
  python=$home/python/bin/python
  has='import importlib.metadata as m, sys; name, version = sys.argv[1].split("=="); sys.exit(m.version(name) != version)'
  "$python" -c "$has" "$1" 2>/dev/null && return
  if [ ! -x "$python" ]; then
    # Debian's own Python makes no environments without a package of its own.
    python3 -m venv --clear "$home/python" || { program no-such-program python3-venv; python3 -m venv --clear "$home/python"; }
  fi
  "$python" -m pip install --quiet --disable-pip-version-check "$1"
}

# $1: a library of Java's, `group:name:version`.
jar() {
  program java default-jdk-headless
  [ -f "$home/java/$(echo "$1" | cut -d: -f2-3 | tr : -).jar" ] && return
  program mvn maven
  mvn -q -B dependency:copy -Dartifact="$1" -DoutputDirectory="$home/java" -Dmdep.useBaseVersion=true
}

for client in "$@"; do
  case $client in
    mariadb) program mariadb mariadb-client ;;
    haproxy) program haproxy haproxy ;;
    pymysql) wheel "$PYMYSQL" ;;
    sqlalchemy) wheel "$PYMYSQL" && wheel "$SQLALCHEMY" ;;
    prometheus) wheel "$PROMETHEUS" ;;
    connectorj) jar "$CONNECTORJ" ;;
    mariadbj) jar "$MARIADBJ" ;;
    *) echo "install.sh: unknown client '$client'" >&2; exit 2 ;;
  esac
  echo "installed $client"
done
