// SPDX-License-Identifier: Apache-2.0
// sluice diff: what another configuration would change, by meaning: defaults, shorthands, comments and order
// make no difference, and whoever loses a check of callers is told first.
#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <map>
#include <set>

#include "gateway/cli/dry_build.h"
#include "gateway/cli/verbs.h"
#include "gateway/config/write.h"

namespace sluice::cli {
namespace {

using Leaves = std::map<std::string, config::Leaf>;

// "routes.orders" of "routes.orders.use[0]": what a change is listed under.
std::string subject(const std::string& path) {
  std::string_view rest = path;
  std::string out;
  for (int i = 0; i < 2; ++i) {
    auto step = config::next_step(rest);
    if (!step) break;
    if (step->index) break;
    config::append(out, step->name);
    bool named = step->name == "routes" || step->name == "upstreams" || step->name == "listeners" ||
                 step->name == "policies" || step->name == "consumers" || step->name == "stores";
    if (!named) break;
  }
  return out;
}

Leaves leaves_of(DryBuild& built) {
  Leaves out;
  for (auto& leaf : config::leaves(built.loaded().config, built.loaded().document))
    out[leaf.path] = std::move(leaf);
  return out;
}

class Comparison {
 public:
  Comparison(DryBuild& before, DryBuild& after)
      : before_(before), after_(after), old_(leaves_of(before)), new_(leaves_of(after)) {}

  // False if they mean the same.
  bool print() {
    warn();
    collect();
    auto had = subjects(old_), has_now = subjects(new_);
    for (const auto& [name, lines] : changes_) {
      bool both = had.contains(name) && has_now.contains(name);
      fmt::print("{} {}\n", both ? "changed" : has_now.contains(name) ? "added  " : "removed", name);
      if (both)
        for (const auto& line : lines) fmt::print("    {}\n", line);
    }
    return !changes_.empty();
  }

 private:
  static std::set<std::string> subjects(const Leaves& leaves) {
    std::set<std::string> out;
    for (const auto& [path, leaf] : leaves) out.insert(subject(path));
    return out;
  }

  void warn() {
    std::map<std::string, bool> lacked;
    const auto &before = *before_.snapshot(), &after = *after_.snapshot();
    for (std::size_t i = 0; i < before.routes.size(); ++i)
      lacked[before.routes[i]->name] = before.lacks_auth[i];
    for (std::size_t i = 0; i < after.routes.size(); ++i) {
      if (!after.lacks_auth[i]) continue;
      const auto& name = after.routes[i]->name;
      auto known = lacked.find(name);
      if (known == lacked.end()) {
        fmt::print("note: the new route {} does not find out who calls\n", name);
      } else if (!known->second) {
        fmt::print("warning: route {} does not find out any more who calls\n", name);
      }
    }
  }

  void collect() {
    for (const auto& [path, leaf] : old_) {
      auto now = new_.find(path);
      if (now == new_.end())
        add(path, fmt::format("- {}: {}", path, leaf.value));
      else if (now->second.value != leaf.value)
        add(path, fmt::format("  {}: {} -> {}{}", path, leaf.value, now->second.value, place(now->second)));
    }
    for (const auto& [path, leaf] : new_)
      if (!old_.contains(path)) add(path, fmt::format("+ {}: {}{}", path, leaf.value, place(leaf)));
  }

  static std::string place(const config::Leaf& leaf) {
    return leaf.from.empty() ? "" : "   (" + leaf.from + ")";
  }
  void add(const std::string& path, std::string line) { changes_[subject(path)].push_back(std::move(line)); }

  DryBuild& before_;
  DryBuild& after_;
  Leaves old_, new_;
  std::map<std::string, std::vector<std::string>> changes_;
};

int diff(const std::string& before_path, const std::string& after_path, bool vault) {
  DryBuild before(read_file(before_path, vault)), after(read_file(after_path, vault));
  bool good = true;
  for (DryBuild* built : {&before, &after}) {
    if (built->snapshot()) continue;
    std::fputs(built->loaded().diagnostics.text().c_str(), stderr);
    good = false;
  }
  if (!good) return 2;
  return Comparison(before, after).print() ? 1 : 0;
}

}  // namespace

void add_diff(CLI::App& app, int& exit_code) {
  struct Paths {
    std::string before, after;
    bool vault = false;
  };
  auto* verb = app.add_subcommand("diff", "Says what another configuration would change, by meaning");
  auto paths = std::make_shared<Paths>();
  verb->add_option("before", paths->before, "A configuration file")->required()->type_name("FILE");
  verb->add_option("after", paths->after, "Another one")->required()->type_name("FILE");
  verb->add_flag("--vault", paths->vault, kAskVault);
  verb->footer(
      "Exit code 0: they mean the same; 1: they do not; 2: one of them is bad, or lacks its secrets.");
  verb->callback([paths, &exit_code] { exit_code = diff(paths->before, paths->after, paths->vault); });
}

}  // namespace sluice::cli
