#!/usr/bin/env bash
# Runs a command with ANJU_DATABASE_URL pointing at a PostgreSQL of its own, started here and removed afterwards.
# Installs PostgreSQL on Debian or Ubuntu as root (or with passwordless sudo) after saying so.
set -euo pipefail

find_bin() { ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -n 1; }

PGBIN=$(find_bin || true)
if [ -z "${PGBIN:-}" ] && command -v initdb >/dev/null; then PGBIN=$(dirname "$(command -v initdb)"); fi
if [ -z "${PGBIN:-}" ]; then
  if command -v apt-get >/dev/null && { [ "$(id -u)" = 0 ] || sudo -n true 2>/dev/null; }; then
    SUDO=""; [ "$(id -u)" = 0 ] || SUDO="sudo -n"
    echo "PostgreSQL is needed for the tests and not here: installing Debian's package postgresql." >&2
    $SUDO apt-get update -qq
    DEBIAN_FRONTEND=noninteractive $SUDO apt-get install -y -qq --no-install-recommends postgresql >/dev/null
    PGBIN=$(find_bin || true)
  fi
fi
if [ -z "${PGBIN:-}" ]; then
  echo "The tests need PostgreSQL and it is not installed. Type:  sudo apt-get install postgresql" >&2
  exit 1
fi

WORK=$(mktemp -d /tmp/anju-pg.XXXXXX)
as_owner() { "$@"; }
if [ "$(id -u)" = 0 ]; then # initdb refuses root
  id -u postgres >/dev/null 2>&1 || useradd --system postgres
  chown postgres "$WORK"
  as_owner() { setpriv --reuid=postgres --regid="$(id -g postgres)" --init-groups "$@"; }
fi
cleanup() { as_owner "$PGBIN/pg_ctl" -D "$WORK/data" -m immediate stop >/dev/null 2>&1 || true; rm -rf "$WORK"; }
trap cleanup EXIT
cd /tmp
as_owner "$PGBIN/initdb" -D "$WORK/data" -U anju --auth=trust -E UTF8 --locale=C.UTF-8 --no-sync >/dev/null
as_owner "$PGBIN/pg_ctl" -D "$WORK/data" -w -l "$WORK/log" \
  -o "-k $WORK -p 55432 -c listen_addresses='' -c fsync=off -c synchronous_commit=off" start >/dev/null
as_owner "$PGBIN/createdb" -h "$WORK" -p 55432 -U anju anju
cd "$OLDPWD"
export ANJU_DATABASE_URL="postgresql://anju@/anju?host=$WORK&port=55432"
"$@"
