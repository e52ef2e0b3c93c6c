// SPDX-License-Identifier: Apache-2.0
// KeptRevocations: keeps the tokens that were taken back over restarts, in the file `revocations` of the
// state directory, and over upgrades. One that was taken back is on the disk before whoever asked for it has
// an answer. Control thread.
#pragma once
#include <memory>
#include <string>
#include <string_view>

#include "gateway/admin/revocation_query.h"
#include "gateway/base/result.h"
#include "gateway/chain/revocations.h"
#include "gateway/stores/state_file.h"

namespace sluice::server {

// What they are called when they go over to another process.
inline constexpr const char* kHandedRevocations = "revocations";

class KeptRevocations {
 public:
  // `revocations` must outlive this.
  explicit KeptRevocations(chain::Revocations& revocations) noexcept : revocations_(&revocations) {}

  // Puts in force what the directory has kept, and keeps everything there from now on. Does nothing if it is
  // kept somewhere already, if another process has the place, or for "". The error is for people.
  base::Result<void> keep_in(const std::string& directory, base::WallTime now);
  admin::Revoked revoke(const chain::Revocation& revocation, base::WallTime now);

  // Everything, for another process, which may have the place from now on until take_back().
  std::string hand_over(base::WallTime now);
  // What another process has handed over.
  void take_over(std::string_view text, base::WallTime now);
  // Keeps it again where it was.
  base::Result<void> take_back(base::WallTime now);

  // Where it is kept; "" while it is not.
  std::string kept_in() const { return file_ ? file_->directory() : std::string(); }
  // The same, and while it is handed over where it is to be kept again.
  std::string place() const { return lent_ ? lent_directory_ : kept_in(); }

 private:
  base::Result<void> read(base::WallTime now);
  base::Result<void> rewrite(base::WallTime now);
  void restore(std::vector<chain::Revocation> revocations, base::WallTime now);

  chain::Revocations* revocations_;
  std::unique_ptr<stores::StateFile> file_;
  bool lent_ = false;
  std::string lent_directory_;  // where it was kept; "" for nowhere
};

}  // namespace sluice::server
