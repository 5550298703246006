#!/usr/bin/env bash
# Runs a command where a Chromium is at hand for the tests of the pages (ANJU_CHROMIUM names another than the one on the path).
# Installs Debian's chromium and its Chinese fonts as root (or with passwordless sudo) after saying so.
set -euo pipefail

find_chromium() { [ -n "${ANJU_CHROMIUM:-}" ] || command -v chromium || command -v chromium-browser || command -v google-chrome; }
has_chinese() { [ -n "$(fc-list :lang=zh-cn family 2>/dev/null)" ]; }

if ! { find_chromium && has_chinese; } >/dev/null; then
  if command -v apt-get >/dev/null && { [ "$(id -u)" = 0 ] || sudo -n true 2>/dev/null; }; then
    SUDO=""; [ "$(id -u)" = 0 ] || SUDO="sudo -n"
    echo "Chromium with Chinese fonts is needed for the tests of the pages and not here: installing Debian's packages chromium and fonts-noto-cjk." >&2
    $SUDO apt-get update -qq
    DEBIAN_FRONTEND=noninteractive $SUDO apt-get install -y -qq --no-install-recommends chromium fonts-noto-cjk fontconfig >/dev/null
  fi
fi
if ! find_chromium >/dev/null; then
  echo "The tests of the pages need Chromium and it is not installed. Type:  sudo apt-get install chromium fonts-noto-cjk" >&2
  exit 1
fi
"$@"
