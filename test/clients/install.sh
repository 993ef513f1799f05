#!/bin/sh
# Installs the foreign MySQL clients that the end-to-end tests drive (and HAProxy, which test/bench/relay.bench.ts
# compares the relay with). `.ci/run` runs it; run it by hand if a test says that a client is missing:
#
#     test/clients/install.sh [name…]      (default: mariadb pymysql sqlalchemy connectorj mariadbj prometheus node rust)
#
# Programs go to the system (apt, if this is root or sudo works). Libraries go to dist/clients, which git ignores: a
# Python environment with PyMySQL, SQLAlchemy and Prometheus' parser, the jars of Connector/J and MariaDB Connector/J,
# libraries of Node.js, and a program of Rust's. They come from wherever pip, Maven, npm and Cargo are set up to look.
# Other names: haproxy; and the suites of others, which test/clients/run.sh asks for: go-sql-driver, sqlalchemy-tests,
# django, mariadb-test.
set -eu
cd "$(dirname "$0")/../.."

PYMYSQL=PyMySQL==1.1.2
SQLALCHEMY=SQLAlchemy==2.0.44
CONNECTORJ=com.mysql:mysql-connector-j:9.4.0
PROMETHEUS=prometheus_client==0.23.1
MARIADBJ=org.mariadb.jdbc:mariadb-java-client:3.5.6
DJANGO=Django==5.2.19
PYTEST=pytest==8.3.5
GO_SQL_DRIVER=github.com/go-sql-driver/mysql@v1.10.1

home=$PWD/dist/clients
mkdir -p "$home"
[ $# -gt 0 ] || set -- mariadb pymysql sqlalchemy connectorj mariadbj prometheus node rust

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

# The libraries of the small programs of Node.js, as their lock file has them.
node_libraries() {
  sources=test/clients/programs/node
  cmp -s $sources/package-lock.json "$home/node/installed.json" && return
  mkdir -p "$home/node"
  cp $sources/package.json $sources/package-lock.json "$home/node/"
  (cd "$home/node" && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error)
  cp $sources/package-lock.json "$home/node/installed.json"
}

# The small program of Rust; its sources are copied, since Cargo writes beside them.
rust_program() {
  program cargo cargo
  mkdir -p "$home/rust"
  cp -R test/clients/programs/rust/. "$home/rust/"
  (cd "$home/rust" && cargo build --quiet)
}

# go-sql-driver's sources, and its tests as a program.
go_sql_driver() {
  target=$home/go-sql-driver
  [ -f "$target/$(basename "$GO_SQL_DRIVER").ready" ] && return
  rm -rf "$target"
  mkdir -p "$target"
  folder=$(go mod download -json "$GO_SQL_DRIVER" | sed -n 's/.*"Dir": "\(.*\)".*/\1/p')
  cp -R "$folder/." "$target"
  chmod -R u+w "$target"
  (cd "$target" && go test -c -o mysql.test . && touch "$(basename "$GO_SQL_DRIVER").ready")
}

# $1: a package of Python's, `name==version`; $2: the folder for its sources, which have the tests.
sources() {
  [ -f "$home/$2/$1.ready" ] && return
  rm -rf "${home:?}/$2"
  mkdir -p "$home/$2/download"
  (
    cd "$home/$2"
    ../python/bin/python -m pip download --quiet --disable-pip-version-check --no-deps --no-binary "${1%%==*}" -d download "$1"
    tar -xzf download/*.tar.gz --strip-components 1
    touch "$1.ready"
  )
}

# MariaDB's test of its C client API. The package depends on a server, which is not needed, so it is only unpacked;
# Debian has one version of it at a time. Before each test it looks for an engine `innodb`, and TiDB, which compares
# names of engines by their bytes, has `InnoDB` only.
mariadb_test() {
  target=$home/mariadb-test
  [ -x "$target/client-test" ] && return
  rm -rf "$target"
  mkdir -p "$target"
  as_root apt-get update -qq
  (
    cd "$target"
    apt-get download -qq mariadb-test
    dpkg-deb -x mariadb-test_*.deb .
    rm mariadb-test_*.deb
    LC_ALL=C sed "s/WHERE engine = 'innodb'/WHERE engine = 'InnoDB'/" usr/bin/mariadb-client-test >patched
    chmod +x patched
    mv patched client-test
  )
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
    node) node_libraries ;;
    rust) rust_program ;;
    go-sql-driver) go_sql_driver ;;
    sqlalchemy-tests) wheel "$PYMYSQL" && wheel "$SQLALCHEMY" && wheel "$PYTEST" && sources "$SQLALCHEMY" sqlalchemy ;;
    django) wheel "$PYMYSQL" && wheel "$DJANGO" && sources "$DJANGO" django ;;
    mariadb-test) mariadb_test ;;
    *) echo "install.sh: unknown client '$client'" >&2; exit 2 ;;
  esac
  echo "installed $client"
done
