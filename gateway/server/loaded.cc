// SPDX-License-Identifier: Apache-2.0
#include "gateway/server/loaded.h"

#include <cstdio>
#include <set>

#include "gateway/config/report.h"
#include "gateway/config/write.h"
#include "gateway/stores/stores.h"

namespace sluice::server {
namespace {

// FNV-1a, 64 bits (Fowler, Noll, Vo): tells configurations apart, protects nothing.
std::string hash_of(std::string_view text) {
  std::uint64_t h = 0xcbf29ce484222325u;
  for (unsigned char c : text) h = (h ^ c) * 0x100000001b3u;
  char out[17];
  std::snprintf(out, sizeof out, "%016llx", static_cast<unsigned long long>(h));
  return out;
}

// What no single struct can know.
void check(Loaded& loaded) {
  config::Report report(loaded.document, loaded.diagnostics);
  const Config& c = loaded.config;
  if (c.listeners.empty())
    report.error("", "no listener: nothing would be served", "add `listeners: {web: \":8080\"}`");
  std::set<std::string> used;
  for (const auto& [name, listener] : c.listeners) {
    auto text = listener.bind.text();
    bool named = listener.bind.port != 0 || !listener.bind.path.empty();
    if (named && !used.insert(text).second)
      report.error(config::path("listeners", name, "bind"), "another listener binds to " + text + " already");
  }
}

std::unique_ptr<Loaded> finish(std::unique_ptr<Loaded> loaded) {
  loaded->names.define("store", stores::kMemory);
  loaded->config = config::bind<Config>(loaded->document, loaded->diagnostics, loaded->names);
  if (loaded->ok()) check(*loaded);
  if (loaded->ok()) loaded->hash = hash_of(config::long_form(loaded->config));
  return loaded;
}

}  // namespace

std::unique_ptr<Loaded> load_file(const std::string& path) {
  return finish(std::make_unique<Loaded>([&](config::Diagnostics& d) {
    config::hide_secrets<Config>(d);
    return config::load(path, d);
  }));
}

std::unique_ptr<Loaded> load_text(std::string text, std::string name) {
  return finish(std::make_unique<Loaded>([&](config::Diagnostics& d) {
    config::hide_secrets<Config>(d);
    return config::parse(std::move(text), d, std::move(name));
  }));
}

}  // namespace sluice::server
