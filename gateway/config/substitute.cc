// SPDX-License-Identifier: Apache-2.0
#include "gateway/config/substitute.h"

#include <algorithm>

#include "gateway/base/ascii.h"
#include "gateway/config/names.h"

namespace sluice::config {

namespace {

constexpr std::string_view kEnv = "${env:";
constexpr std::string_view kFile = "${file:";
constexpr std::string_view kFromVault = "${vault:";

// The next of these at or after `from` that is not escaped by a second $.
std::size_t next(std::string_view text, std::size_t from) noexcept {
  for (std::size_t at = from; (at = text.find("${", at)) != std::string_view::npos; at += 2) {
    bool escaped = at > 0 && text[at - 1] == '$';
    std::string_view rest = text.substr(at);
    if (!escaped && (rest.starts_with(kEnv) || rest.starts_with(kFile) || rest.starts_with(kFromVault)))
      return at;
  }
  return std::string_view::npos;
}

bool is_variable_name(std::string_view name) noexcept {
  auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; };
  return !name.empty() && letter(name.front()) &&
         std::all_of(name.begin(), name.end(), [&](char c) { return letter(c) || base::is_digit(c); });
}

}  // namespace

std::string resolved(std::string_view directory, std::string_view path) {
  if (path.starts_with('/') || directory.empty()) return std::string(path);
  std::string out(directory);
  if (!out.ends_with('/')) out += '/';
  return out.append(path);
}

std::string directory_of(std::string_view path) {
  std::size_t slash = path.rfind('/');
  if (slash == std::string_view::npos) return {};
  return std::string(path.substr(0, std::max<std::size_t>(slash, 1)));
}

bool Substitution::wanted(std::string_view text) noexcept { return next(text, 0) != std::string_view::npos; }

bool Substitution::late(std::string_view text) noexcept {
  for (std::size_t at = 0; (at = next(text, at)) != std::string_view::npos; ++at)
    if (text.substr(at).starts_with(kFromVault)) return true;
  return false;
}

void Substitution::postpone(Node& node, std::string_view text) {
  waiting_.push_back({&node, std::string(text), directory_});
}

void Substitution::repeat(Node& node, const Node& target) {
  auto found = std::ranges::find(waiting_, &target, &LateText::node);
  if (found != waiting_.end()) waiting_.push_back({&node, found->text, found->directory});
}

void Substitution::add_references(std::string_view text, std::vector<VaultReference>& out) {
  for (std::size_t at = 0; (at = next(text, at)) != std::string_view::npos; ++at) {
    std::string_view rest = text.substr(at);
    if (!rest.starts_with(kFromVault)) continue;
    rest.remove_prefix(kFromVault.size());
    VaultReference reference;
    auto end = rest.find('}');
    if (end != std::string_view::npos && !parse(rest.substr(0, end), reference))
      out.push_back(std::move(reference));
  }
}

std::optional<std::string> Substitution::replace(std::string_view text, Place place) {
  std::string out;
  bool complete = true;
  std::size_t done = 0;
  for (std::size_t at; (at = next(text, done)) != std::string_view::npos;) {
    std::size_t end = text.find('}', at);
    if (end == std::string_view::npos) {
      diagnostics_.error(place, "", "a `${` is not closed by a `}`");
      return std::nullopt;
    }
    out += text.substr(done, at - done);
    auto value = lookup(text.substr(at + 2, end - at - 2), place);
    complete = complete && value;
    if (value) out += *value;
    done = end + 1;
  }
  out += text.substr(done);
  if (!complete) return std::nullopt;
  return out;
}

std::optional<std::string> Substitution::lookup(std::string_view source, Place place) {
  std::size_t colon = source.find(':');
  std::string_view name = source.substr(colon + 1);
  auto value = source.starts_with("env:")    ? variable(name, place)
               : source.starts_with("file:") ? file(name, place)
                                             : vault(name, place);
  if (value && value->find('\0') != std::string::npos) {
    diagnostics_.error(place, "", "the value of ${" + std::string(source) + "} holds a NUL byte");
    return std::nullopt;
  }
  if (value) diagnostics_.sources().hide_text(*value);
  return value;
}

std::optional<std::string> Substitution::variable(std::string_view name, Place place) {
  std::string text(name);
  if (!is_variable_name(name)) {
    diagnostics_.error(place, "", "`" + text + "` cannot be the name of an environment variable",
                       "letters, digits and _, as in ${env:API_KEY}");
    return std::nullopt;
  }
  auto value = environment_.variable(text);
  if (!value) diagnostics_.error(place, "", "the environment variable " + text + " is not set");
  return value;
}

std::optional<std::string> Substitution::file(std::string_view path, Place place) {
  if (path.empty()) {
    diagnostics_.error(place, "", "${file:} needs a path, as in ${file:/run/secrets/key}");
    return std::nullopt;
  }
  std::string name = resolved(directory_, path);
  files_.push_back(name);
  auto [text, error] = environment_.read(name, kLargestSecret);
  if (!text) {
    diagnostics_.error(place, "", "cannot read " + name + ": " + error);
    return std::nullopt;
  }
  if (text->ends_with('\n')) text->pop_back();  // editors and `echo` end a file with a line break
  if (text->ends_with('\r')) text->pop_back();
  return std::move(text);
}

std::optional<std::string> Substitution::vault(std::string_view text, Place place) {
  VaultReference reference;
  if (auto refusal = parse(text, reference)) {
    diagnostics_.error(place, "", refusal->message, refusal->hint);
    return std::nullopt;
  }
  auto found = answers_ ? answers_->find(reference.path) : VaultAnswers::const_iterator();
  if (!answers_ || found == answers_->end())
    return std::nullopt;  // Vault was not asked, and why was reported
  const auto& answer = found->second;
  if (!answer.error.empty()) {
    diagnostics_.error(place, "", answer.error, answer.hint);
    return std::nullopt;
  }
  auto field = answer.fields.find(reference.field);
  if (field == answer.fields.end()) {
    Names known;
    for (const auto& [name, value] : answer.fields) known.define("field", name);
    diagnostics_.error(place, "", reference.path + " in Vault has no field `" + reference.field + "`",
                       did_you_mean(known.nearest("field", reference.field)));
    return std::nullopt;
  }
  if (!answer.stale.empty())
    diagnostics_.warning(place, "", answer.stale + ": the value of before stays in use");
  return field->second;
}

}  // namespace sluice::config
