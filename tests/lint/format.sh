#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Fails, and shows the places, when a C++ file is not as clang-format-19 writes it. `./dev fmt` puts it right.
set -euo pipefail
cd "$(dirname "$0")/../.."
clang-format-19 --version
git ls-files -z --cached --others --exclude-standard -- '*.h' '*.cc' |
  while IFS= read -r -d '' file; do [ -f "$file" ] && printf '%s\0' "$file"; done |
  xargs -0 --no-run-if-empty clang-format-19 --dry-run --Werror
