// SPDX-License-Identifier: Apache-2.0
#include "gateway/server/loaded.h"

#include <fmt/format.h>

#include <cstdio>
#include <utility>
#include <vector>

#include "gateway/config/report.h"
#include "gateway/config/write.h"
#include "gateway/stores/stores.h"
#include "gateway/upstream/web_url.h"

namespace sluice::server {
namespace {

// Notes what files look like before they are read.
class Noting final : public config::Environment {
 public:
  Noting(const config::Environment& inner, WatchedFiles& files) : inner_(inner), files_(files) {}

  std::optional<std::string> variable(const std::string& name) const override {
    return inner_.variable(name);
  }
  Text read(const std::string& path, std::size_t limit) const override {
    files_.note(path);
    return inner_.read(path, limit);
  }
  Names matches(const std::string& pattern) const override {
    Names found = inner_.matches(pattern);
    files_.note_matches(pattern, found.names);
    return found;
  }
  std::optional<std::vector<VaultAnswer>> vault(const config::VaultConfig& config,
                                                const config::Document& document,
                                                const std::vector<std::string>& paths) const override {
    return inner_.vault(config, document, paths);
  }

 private:
  const config::Environment& inner_;
  WatchedFiles& files_;
};

// FNV-1a, 64 bits (Fowler, Noll, Vo): tells configurations apart, protects nothing.
std::string hash_of(std::string_view text) {
  std::uint64_t h = 0xcbf29ce484222325u;
  for (unsigned char c : text) h = (h ^ c) * 0x100000001b3u;
  char out[17];
  std::snprintf(out, sizeof out, "%016llx", static_cast<unsigned long long>(h));
  return out;
}

// Two of them on one address would be refused by the system, later and with less to say.
void check_addresses(const Config& c, const config::Report& report) {
  std::vector<std::pair<std::string, const front::BindAddress*>> taken;
  auto take = [&](std::string who, const front::BindAddress& bind, const std::string& at) {
    for (const auto& [other, theirs] : taken)
      if (bind.overlaps(*theirs))
        return report.error(at, fmt::format("{} cannot listen on {}: {} has {} already", who, bind.text(),
                                            other, theirs->text()));
    taken.emplace_back(std::move(who), &bind);
  };
  for (const auto& [name, listener] : c.listeners)
    take("listener " + name, listener.bind, config::path("listeners", name, "bind"));
  front::BindAddress admin{c.admin.bind};
  if (c.admin.enabled) take("the admin server", admin, "admin.bind");
}

// Of URLs whose syntax belongs to a layer above the one that describes them.
void check_urls(const Config& c, const config::Report& report) {
  upstream::WebUrl url;
  if (!c.vault.address.empty()) {
    if (auto refusal = upstream::parse(c.vault.address, url))
      report.error("vault.address", "cannot be used: " + refusal->message, refusal->hint);
    else if (!url.private_way() && !c.vault.allow_http)
      report.error("vault.address", "the token and the secrets would be sent without https",
                   "`vault.allow_http` allows it");
  }
  if (c.access_log.otlp)
    if (auto refusal = upstream::parse(c.access_log.otlp->endpoint, url))
      report.error("access_log.otlp.endpoint", "cannot be used: " + refusal->message, refusal->hint);
}

// What no single struct can know.
void check(Loaded& loaded) {
  config::Report report(loaded.document, loaded.diagnostics);
  const Config& c = loaded.config;
  if (c.listeners.empty())
    report.error("", "no listener: nothing would be served", "add `listeners: {web: \":8080\"}`");
  check_addresses(c, report);
  check_urls(c, report);
}

std::unique_ptr<Loaded> finish(std::unique_ptr<Loaded> loaded) {
  loaded->names.define("store", stores::kMemory);
  loaded->config = config::bind<Config>(loaded->document, loaded->diagnostics, loaded->names);
  if (loaded->ok()) check(*loaded);
  if (loaded->ok()) loaded->hash = hash_of(config::long_form(loaded->config));
  return loaded;
}

}  // namespace

std::unique_ptr<Loaded> load_file(const std::string& path, const config::Environment& environment) {
  return finish(std::make_unique<Loaded>([&](Loaded& into) {
    config::hide_secrets<Config>(into.diagnostics);
    return config::load(path, into.diagnostics, Noting(environment, into.read), &into.vault);
  }));
}

std::unique_ptr<Loaded> load_text(std::string text, const std::string& name) {
  return finish(std::make_unique<Loaded>([&](Loaded& into) {
    config::hide_secrets<Config>(into.diagnostics);
    return config::parse(std::move(text), into.diagnostics, name, config::system_environment(), &into.vault);
  }));
}

}  // namespace sluice::server
