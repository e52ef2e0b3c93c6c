// SPDX-License-Identifier: Apache-2.0
// CallerKey: by what a limit tells callers apart: an address, a consumer, a header field, or several of these
// together. Used by the filters that count. The text it makes of an exchange is the same in every process, so
// that processes can count together; two exchanges that differ in any part never have the same one.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/chain/registry.h"
#include "gateway/config/key_part.h"
#include "gateway/http/fields.h"

namespace sluice::chain {

using config::KeyPart;

// What to do with a request that lacks a part.
enum class MissingKey : std::uint8_t { by_ip, skip, reject };
void describe(config::Enumeration<MissingKey>& e);

class CallerKey {
 public:
  CallerKey(std::vector<KeyPart> parts, MissingKey missing);

  struct Found {
    std::string_view text;             // in the arena; of no use if something is missing
    const KeyPart* missing = nullptr;  // what stands in the way, unless `missing` is by_ip
  };
  Found of(Exchange& ex) const;
  MissingKey missing() const noexcept { return missing_; }
  // May it hold what only the caller should know, such as the value of a header field?
  bool confidential() const noexcept { return confidential_; }

 private:
  std::vector<KeyPart> parts_;
  std::vector<std::string> labels_;  // "consumer="
  MissingKey missing_;
  bool confidential_ = false;
};

// A key as CallerKey makes it of one that a person wrote with names of headers as `by` spells them.
std::string key_as_counted(std::string key);

// The stage that must have run before.
std::optional<Stage> needed_stage(const std::vector<KeyPart>& parts);
// Answers for a request that lacks `part`: 401 where a caller should have identified itself, 403 where it has
// and that is not enough, else 400.
Step refuse_without(Exchange& ex, const KeyPart& part);
// Notes for the log that the limit `owner` would have refused the request, were it no dry run; the first one that
// would have stays.
void note_dry_run(Exchange& ex, std::string_view owner);

}  // namespace sluice::chain
