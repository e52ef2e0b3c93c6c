// SPDX-License-Identifier: Apache-2.0
// SaidTargets: targets that somebody has told the admin server, in place of those of the configuration. They
// last until somebody takes them back or the process ends, whatever is reloaded meanwhile, and those that are
// to be persisted over restarts too (kept_targets.h); a process that takes the place of this one is told.
// Control thread.
#pragma once
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "gateway/admin/targets_page.h"
#include "gateway/server/kept_targets.h"
#include "gateway/upstream/source.h"
#include "gateway/upstream/target_table.h"
#include "gateway/upstream/upstream.h"

namespace sluice::server {

class SaidTargets {
 public:
  using Upstreams = std::span<const std::shared_ptr<upstream::Upstream>>;

  // How many there are now. Otherwise nothing has changed. `body` as in parse_endpoints(). A list that is not
  // to be persisted leaves one that was, for the next start.
  admin::TargetsTold put(upstream::Upstream& upstream, upstream::TargetTable& targets, std::string body,
                         bool persist = false);
  // What was said and what was persisted.
  admin::TargetsTold forget(upstream::Upstream& upstream);
  // For the upstreams of a snapshot, before it is in force. What those are told is forgotten that are not in
  // its configuration any more: others may only have no route at present.
  void apply(Upstreams upstreams, const std::function<bool(std::string_view upstream)>& configured);

  // Where lists are persisted from now on, as for KeptTargets.
  void keep_in(const std::string& directory) { kept_.keep_in(directory); }
  // Tells what was persisted to those of the upstreams that nobody has told anything. Before they are in
  // force.
  void restore(Upstreams upstreams, upstream::TargetTable& targets);
  // What /upstreams says of an upstream.
  struct Told {
    bool said = false;       // these targets are in use
    bool persisted = false;  // and will be after a restart
    bool others = false;     // an earlier list will be
  };
  Told told(std::string_view upstream) const;

  // What was said, as lines of text (stores/state_lines.h) for another process: upstream TAB body.
  std::string text() const;
  // What text() of another process says of these upstreams.
  void take_over(std::string_view text, Upstreams upstreams, upstream::TargetTable& targets);
  // That process may have the place of what is persisted, until it is taken back.
  void let_go() { kept_.let_go(); }
  void take_back() { kept_.take_back(); }

 private:
  struct Said {
    std::shared_ptr<upstream::ListSource> source;
    std::string body;
  };
  // `others_serve`: they stay until it is known where these are.
  void say(upstream::Upstream& upstream, upstream::TargetTable& targets,
           std::span<const upstream::TargetConfig> list, std::string body, bool others_serve);

  KeptTargets kept_;
  std::map<std::string, Said, std::less<>> said_;
};

}  // namespace sluice::server
