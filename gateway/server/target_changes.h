// SPDX-License-Identifier: Apache-2.0
// What operators have said of single targets while the process ran, weights and drains, as lines of text
// (stores/state_lines.h) for the process that takes its place. Control thread.
//
//   <upstream> TAB <target> TAB <weight, 0 for the written one> TAB <1 if it is drained>
#pragma once
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "gateway/upstream/upstream.h"

namespace sluice::server {

using Upstreams = std::span<const std::shared_ptr<upstream::Upstream>>;

std::string write_target_changes(const upstream::SaidOfTargets& said);
// Says the same of targets of the same name: those of these upstreams, and others when they come.
void apply_target_changes(std::string_view text, Upstreams upstreams, upstream::SaidOfTargets& said);

}  // namespace sluice::server
