// SPDX-License-Identifier: Apache-2.0
// Revocations as lines of text (stores/state_lines.h), for the file that keeps them and for the process that
// takes the place of this one. Pure.
//
//   sluice revocations 1
//   <checksum> <issuer> TAB <jti> TAB <sub> TAB <before> TAB <until>
//
// with moments in nanoseconds since 1970.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "gateway/chain/revocations.h"

namespace sluice::chain {

inline constexpr std::string_view kRevocationsHeader = "sluice revocations 1\n";

// Appends a line.
void write_revocation(std::string& to, const Revocation& revocation);
// All of them, behind the header.
std::string write_revocations(const std::vector<Revocation>& revocations);

struct RevocationLines {
  std::vector<Revocation> revocations;
  std::vector<std::size_t> damaged;  // numbers of lines, from 1
};
RevocationLines read_revocations(std::string_view text);

}  // namespace sluice::chain
