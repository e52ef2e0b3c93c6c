// SPDX-License-Identifier: Apache-2.0
// Passwords as they are kept: bcrypt, yescrypt (crypt(3)) and argon2id (RFC 9106) hashes. Comparing takes
// tens of milliseconds by intention: never on a worker's thread.
#pragma once
#include <string>
#include <string_view>

namespace sluice::chain {

// Why `hash` cannot be used, "" if it can; `hint` says what to do about it. Looks at the text only.
std::string refuse_password_hash(std::string_view hash, std::string& hint);
// Slow. `password` holds no NUL. False too where the hash cannot be computed.
bool password_matches(const std::string& password, const std::string& hash);

}  // namespace sluice::chain
