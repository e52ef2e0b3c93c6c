// SPDX-License-Identifier: Apache-2.0
// SLUICE_ASSERT checks our own invariants in every build. Nothing that came from a socket, a file or a store
// may reach one: such input gets an Error or a Diagnostic.
#pragma once

namespace sluice::base {
[[noreturn]] void assertion_failed(const char* what, const char* file, int line) noexcept;
}

#define SLUICE_ASSERT(condition) \
  ((condition) ? static_cast<void>(0) : ::sluice::base::assertion_failed(#condition, __FILE__, __LINE__))
