#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Puts the packages of package.json, beside this file, into build/npm, unless they are there. What they need may be newer
# from day to day: a lock file would name one registry for everybody.
set -euo pipefail
cd "$(dirname "$0")/../.."
cmp -s tests/e2e/package.json build/npm/installed.json && exit 0
command -v npm >/dev/null || { echo "needs npm: ./dev setup test" >&2; exit 1; }
mkdir -p build/npm
cp tests/e2e/package.json build/npm/package.json
(cd build/npm && npm install --no-package-lock --no-audit --no-fund --ignore-scripts --loglevel=error)
cp build/npm/package.json build/npm/installed.json
