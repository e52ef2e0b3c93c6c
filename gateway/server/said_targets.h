// SPDX-License-Identifier: Apache-2.0
// SaidTargets: targets that somebody has told the admin server, in place of those of the configuration. They
// last until somebody takes them back or the process ends, whatever is reloaded meanwhile; a process that
// takes the place of this one is told. Control thread.
#pragma once
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "gateway/base/result.h"
#include "gateway/upstream/source.h"
#include "gateway/upstream/target_table.h"
#include "gateway/upstream/upstream.h"

namespace sluice::server {

class SaidTargets {
 public:
  // How many there are now; an Error for people otherwise, with nothing changed. `body` as in
  // parse_endpoints().
  base::Result<std::size_t> put(upstream::Upstream& upstream, upstream::TargetTable& targets,
                                std::string body);
  // False if nothing was said.
  bool forget(upstream::Upstream& upstream);
  // For the upstreams of a snapshot, before it is in force; what others are told is forgotten.
  void apply(std::span<const std::shared_ptr<upstream::Upstream>> upstreams);

  // What was said, as lines of text (stores/state_lines.h) for another process: upstream TAB body.
  std::string text() const;
  // What text() of another process says of these upstreams.
  void take_over(std::string_view text, std::span<const std::shared_ptr<upstream::Upstream>> upstreams,
                 upstream::TargetTable& targets);

 private:
  struct Said {
    std::shared_ptr<upstream::ListSource> source;
    std::string body;
  };
  std::map<std::string, Said, std::less<>> said_;
};

}  // namespace sluice::server
