// SPDX-License-Identifier: Apache-2.0
// Any bytes as a configuration: loading, binding and every way to show the outcome; once as a sample that uses all
// that descriptions can say, and once as the gateway's own, with its checks. Holds that diagnostics point into
// the text, that what came from ${env:} and ${file:} is never shown, and that the long form of a sample without
// secrets is the same sample. No file of the machine is read.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "gateway/base/assert.h"
#include "gateway/config/bind.h"
#include "gateway/config/load.h"
#include "gateway/config/write.h"
#include "gateway/server/loaded.h"

#include "tests/unit/config/sample.h"

namespace sluice {
namespace {

constexpr std::string_view kSecret = "TheSecretOfTheFuzzer";

constexpr const char* kFile = "fuzz.yaml";

class Closed final : public config::Environment {
 public:
  // `text` is that of the file itself.
  explicit Closed(std::string_view text = {}) : text_(text) {}

  std::optional<std::string> variable(const std::string& name) const override {
    if (name == "NONE") return std::nullopt;
    return std::string(kSecret);
  }
  Text read(const std::string& path, std::size_t limit) const override {
    if (path == kFile && limit != config::kLargestSecret) return {std::string(text_), {}};
    if (path.ends_with("none")) return {std::nullopt, "No such file or directory"};
    if (limit != config::kLargestSecret) return {"upstreams: {included: {targets: a:1}}\n", {}};
    return {std::string(kSecret) + '\n', {}};
  }
  Names matches(const std::string&) const override { return {{"include.yaml"}, {}}; }

 private:
  std::string_view text_;
};

bool shows_secret(std::string_view text) { return text.find(kSecret) != std::string_view::npos; }

void check_places(const config::Diagnostics& diagnostics, std::string_view text) {
  auto breaks = static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return c == '\n' || c == '\r'; }));
  for (const config::Diagnostic& d : diagnostics.sorted()) {
    SLUICE_ASSERT(!d.message.empty());
    if (d.place.file == 1) SLUICE_ASSERT(d.place.line <= breaks + 1);
    SLUICE_ASSERT(d.place.column <= text.size() + 2);
  }
}

void check_long_form(const sample::Root& root, const config::Document& document) {
  for (bool with_defaults : {true, false}) {
    std::string written = config::long_form(root, &document, {with_defaults});
    SLUICE_ASSERT(!shows_secret(written));
    if (written.find("***") != std::string::npos || written == "{}\n") continue;
    config::Diagnostics diagnostics;
    config::Document again = config::parse(written, diagnostics, "again.yaml", Closed());
    auto same = config::bind<sample::Root>(again, diagnostics);
    SLUICE_ASSERT(!diagnostics.has_errors());
    SLUICE_ASSERT(same == root);
  }
}

void check_said(const config::Diagnostics& diagnostics, std::string_view text) {
  check_places(diagnostics, text);
  SLUICE_ASSERT(!shows_secret(diagnostics.text()));
  SLUICE_ASSERT(!shows_secret(diagnostics.json()));
}

void run_sample(std::string_view text) {
  config::Diagnostics diagnostics;
  config::hide_secrets<sample::Root>(diagnostics);
  config::Document document = config::parse(std::string(text), diagnostics, kFile, Closed());
  auto root = config::bind<sample::Root>(document, diagnostics);
  check_said(diagnostics, text);
  if (!diagnostics.has_errors()) check_long_form(root, document);
}

// As `sluice check` does, but for what is built from it, which reads files.
void run_gateway(std::string_view text) {
  auto loaded = server::load_file(kFile, Closed(text));
  check_said(loaded->diagnostics, text);
  if (!loaded->ok()) return;
  for (bool with_defaults : {true, false})
    SLUICE_ASSERT(!shows_secret(config::long_form(loaded->config, &loaded->document, {with_defaults})));
}

}  // namespace
}  // namespace sluice

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view text(reinterpret_cast<const char*>(data), size);
  if (sluice::shows_secret(text)) return 0;  // then the excerpt may show it
  sluice::run_sample(text);
  sluice::run_gateway(text);
  return 0;
}
