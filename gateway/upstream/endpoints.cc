// SPDX-License-Identifier: Apache-2.0
#include "gateway/upstream/endpoints.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>

#include "gateway/config/bind.h"
#include "gateway/config/load.h"

namespace sluice::upstream {
namespace {

// What is not the operator's configuration reads nothing of the machine.
class Nothing final : public config::Environment {
 public:
  std::optional<std::string> variable(const std::string& /*name*/) const override { return std::nullopt; }
  Text read(const std::string& /*path*/, std::size_t /*limit*/) const override {
    return {std::nullopt, "no other file is read from here"};
  }
  Names matches(const std::string& /*pattern*/) const override { return {}; }
};

constexpr std::string_view kKey = "targets: ";

// Where a list begins that is the whole text; none if it is something else. A line of dashes that begins the
// document is blanked out on the way.
std::optional<std::size_t> begin_of_list(std::string& text) {
  std::size_t at = text.starts_with("\xef\xbb\xbf") ? 3 : 0;
  while (at < text.size()) {
    char c = text[at];
    if (c == ' ' || c == '\t' || c == '\r' || c == '\n') {
      ++at;
    } else if (c == '#') {
      at = std::min(text.find('\n', at), text.size());
    } else if (text.compare(at, 4, "---\n") == 0 || text.compare(at, 5, "---\r\n") == 0) {
      text.replace(at, 3, "   ");
    } else {
      return c == '[' || c == '-' ? std::optional(at) : std::nullopt;
    }
  }
  return std::nullopt;
}

// Puts the key in front that makes a mapping of the list, and takes it off from the places of complaints.
class Wrapped {
 public:
  explicit Wrapped(std::string text) : text_(std::move(text)) {
    auto at = begin_of_list(text_);
    if (!at) return;
    if (text_[*at] == '-') {  // a list of lines: the key has one of its own
      text_.insert(text_.starts_with("\xef\xbb\xbf") ? 3 : 0, "targets:\n");
      lines_ = 1;
    } else {
      text_.insert(*at, kKey);
      on_line_ = 1 + static_cast<std::uint32_t>(
                         std::count(text_.begin(), text_.begin() + static_cast<std::ptrdiff_t>(*at), '\n'));
    }
  }
  std::string take() { return std::move(text_); }
  std::string place(config::Place p) const {
    if (p.line <= lines_) return {};
    auto column = p.column;
    if (p.line == on_line_ && column > kKey.size()) column -= static_cast<std::uint32_t>(kKey.size());
    return fmt::format("line {}, column {}: ", p.line - lines_, column);
  }

 private:
  std::string text_;
  std::uint32_t lines_ = 0, on_line_ = 0;
};

base::Unexpected refuse(std::string why) { return base::fail(base::Reason::internal, std::move(why)); }

}  // namespace

void describe(config::Description<EndpointsConfig>& d) {
  d.about("endpoints", "A list of targets that is kept outside the configuration.");
  d.field("targets", &EndpointsConfig::targets, "The targets.", config::required,
          config::example("[http://10.0.0.7:8080]"));
}

base::Result<std::vector<TargetConfig>> parse_endpoints(std::string text, bool allow_tls) {
  Wrapped wrapped(std::move(text));
  config::Diagnostics diagnostics;
  Nothing nothing;
  auto document = config::parse(wrapped.take(), diagnostics, "endpoints", nothing);
  auto read = config::bind<EndpointsConfig>(document, diagnostics);
  if (diagnostics.has_errors()) {
    for (const auto& d : diagnostics.sorted()) {
      if (d.severity != config::Severity::error) continue;
      return refuse(wrapped.place(d.place) + diagnostics.sources().masked(d.message));
    }
  }
  std::map<std::string, std::size_t> seen;
  for (std::size_t i = 0; i < read.targets.size(); ++i) {
    const TargetUrl& url = read.targets[i].url;
    auto [first, fresh] = seen.emplace(url.text(), i);
    if (!fresh)
      return refuse(fmt::format("targets {} and {} are the same, {}", first->second + 1, i + 1, url.text()));
    if (url.tls && !allow_tls)
      return refuse(fmt::format("{} needs TLS, for which this upstream has no settings", url.text()));
  }
  return std::move(read.targets);
}

}  // namespace sluice::upstream
