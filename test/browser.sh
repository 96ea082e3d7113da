#!/usr/bin/env bash
# The tests of pages in a browser: Debian's Chromium, installed with apt-get where there is none.
# CNN_TEST_SCREENSHOTS=DIR keeps pictures of the pages. Arguments are mocha's.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
sudo=$([ "$(id -u)" = 0 ] || echo sudo)
command -v chromium > /dev/null || {
  $sudo apt-get update -qq
  $sudo apt-get install -y -qq --no-install-recommends chromium
}
CNN_TEST_CHROMIUM=$(command -v chromium)
export CNN_TEST_CHROMIUM
src/demo/bundle.sh
exec npx mocha 'test/report/browser.test.ts' 'test/demo/browser.test.ts' "$@"
