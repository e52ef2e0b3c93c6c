// SPDX-License-Identifier: Apache-2.0
// KeptTargets: lists of targets that somebody has told the admin server to persist, over restarts, in the
// file `targets` of the state directory. A list is on the disk before whoever asked for it has an answer.
// What is wrong with the file never keeps the gateway from starting. Control thread.
//
//   <upstream> TAB <body of the request>
#pragma once
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "gateway/base/result.h"
#include "gateway/stores/state_file.h"

namespace sluice::server {

class KeptTargets {
 public:
  using Lists = std::map<std::string, std::string, std::less<>>;  // upstream and body

  // Reads what the directory has kept, and keeps everything there from now on. Does nothing if it is kept
  // somewhere already, if another process has the place, or for "". What fails is logged.
  void keep_in(const std::string& directory);
  bool has_place() const noexcept { return file_ != nullptr; }

  const Lists& lists() const noexcept { return lists_; }
  // Null: none of that upstream.
  const std::string* find(std::string_view upstream) const;
  // Errors are for people, and nothing has changed then.
  base::Result<void> put(std::string_view upstream, std::string body);
  base::Result<void> forget(std::string_view upstream);
  // Forgets the lists of all other upstreams, and logs that.
  void keep_only(const std::function<bool(std::string_view upstream)>& configured);

  // Another process may have the place from now on until take_back().
  void let_go();
  void take_back();

 private:
  base::Result<void> replace(Lists lists);
  base::Result<void> read();

  Lists lists_;
  std::unique_ptr<stores::StateFile> file_;
  bool lent_ = false;
  std::string lent_directory_;  // where it was kept; "" for nowhere
};

}  // namespace sluice::server
