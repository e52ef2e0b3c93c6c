// SPDX-License-Identifier: Apache-2.0
#include "gateway/server/kept_revocations.h"

#include <fmt/format.h>

#include <utility>

#include "gateway/base/log.h"
#include "gateway/chain/revocation_lines.h"

namespace sluice::server {

using base::Level;
using base::Result;

Result<void> KeptRevocations::keep_in(const std::string& directory, base::WallTime now) {
  if (file_ || lent_ || directory.empty()) return {};
  auto opened = stores::StateFile::open(directory, "revocations");
  if (!opened) return std::move(opened).unexpected();
  file_ = std::move(*opened);
  auto kept = read(now);
  if (kept) kept = rewrite(now);
  if (!kept) file_.reset();
  return kept;
}

// What was written before something damaged the file still counts: a token that comes back to life is worse
// than a file that has to be looked at.
Result<void> KeptRevocations::read(base::WallTime now) {
  auto text = file_->read();
  if (!text) return std::move(text).unexpected();
  auto lines = chain::read_revocations(*text);
  std::size_t good = lines.revocations.size();
  restore(std::move(lines.revocations), now);
  if (lines.damaged.empty()) return {};
  return file_->set_aside(lines.damaged, fmt::format("the {} lines that are good", good));
}

void KeptRevocations::restore(std::vector<chain::Revocation> revocations, base::WallTime now) {
  if (!revocations_->restore(std::move(revocations), now))
    base::log(Level::error, fmt::format("only {} of the tokens that were taken back can be remembered",
                                        revocations_->size()));
}

Result<void> KeptRevocations::rewrite(base::WallTime now) {
  return file_->replace(chain::write_revocations(revocations_->all(now)));
}

// In force first: a disk that fails is no reason to let the token pass.
admin::Revoked KeptRevocations::revoke(const chain::Revocation& revocation, base::WallTime now) {
  using Kind = admin::Revoked::Kind;
  if (!revocations_->revoke(revocation, now)) return {Kind::full, {}};
  if (!file_) return {Kind::done, {}};
  std::string line;
  chain::write_revocation(line, revocation);
  bool anew = !file_->appendable() || file_->outgrown_by(line.size());
  auto kept = anew ? rewrite(now) : file_->append(line);
  if (kept) return {Kind::done, {}};
  base::log(Level::error, "a token that was taken back is not kept: " + kept.error().detail);
  return {Kind::not_kept, kept.error().detail};
}

std::string KeptRevocations::hand_over(base::WallTime now) {
  lent_ = true;
  lent_directory_ = kept_in();
  file_.reset();
  return chain::write_revocations(revocations_->all(now));
}

void KeptRevocations::take_over(std::string_view text, base::WallTime now) {
  auto lines = chain::read_revocations(text);
  if (!lines.damaged.empty())
    base::log(Level::error, "some of the tokens that were taken back were not handed over");
  restore(std::move(lines.revocations), now);
}

Result<void> KeptRevocations::take_back(base::WallTime now) {
  lent_ = false;
  return keep_in(std::exchange(lent_directory_, {}), now);
}

}  // namespace sluice::server
