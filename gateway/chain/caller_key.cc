// SPDX-License-Identifier: Apache-2.0
#include "gateway/chain/caller_key.h"

#include <algorithm>
#include <array>

#include "gateway/base/hex.h"
#include "gateway/base/strings.h"
#include "gateway/chain/claims.h"
#include "gateway/chain/cookies.h"
#include "gateway/chain/escape.h"
#include "gateway/chain/exchange.h"
#include "gateway/chain/local_reply.h"

namespace sluice::chain {
namespace {

using PartKind = KeyPart::Kind;
using View = std::string_view;

// Lower case, so that X-Key and x-key are one key.
std::string label_of(const KeyPart& part) {
  return (part.kind == PartKind::header ? base::to_lower(part.text()) : part.text()) + "=";
}

// The network that one customer is usually given: the whole address of IPv4, 64 bits of IPv6.
View network(Exchange& ex) {
  auto bytes = ex.stream.connection().peer.bytes();
  constexpr std::size_t kIpv6 = 16, kNetwork = 8;
  if (bytes.size() != kIpv6) return ex.stream.peer_ip();
  constexpr View kSuffix = "/64";
  char* out = ex.arena.chars(2 * kNetwork + kSuffix.size());
  char* at = out;
  for (unsigned char b : bytes.first(kNetwork)) at = base::write_hex(at, b);
  kSuffix.copy(at, kSuffix.size());
  return {out, 2 * kNetwork + kSuffix.size()};
}

std::optional<View> some(View value) { return value.empty() ? std::nullopt : std::optional(value); }

// What stands between the parts of a text, and how that is written within one.
struct Separator {
  char sign;
  View escaped;
  char escape;
  View escaped_escape;
};
constexpr Separator kComma{',', "%2C", '%', "%25"};
constexpr Separator kSlash{'/', "~1", '~',
                           "~0"};  // as in a JSON pointer: `%` is escaped once more by write()

// No two lists make the same text.
View listed(std::span<const View> all, const Separator& separator, base::Arena& arena) {
  std::size_t size = all.size();
  for (View one : all) size += 3 * one.size();
  char* begin = arena.chars(size);
  char* at = begin;
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (i) *at++ = separator.sign;
    for (char c : all[i]) {
      View text = c == separator.sign     ? separator.escaped
                  : c == separator.escape ? separator.escaped_escape
                                          : View(&c, 1);
      at += text.copy(at, text.size());
    }
  }
  return {begin, static_cast<std::size_t>(at - begin)};
}

// "api_key/acme/main", "jwt/https:~1~1idp.example.com/acme/alice": names of credentials are a consumer's
// own, subjects of tokens their issuer's.
View credential_text(const Identity& who, base::Arena& arena) {
  const View of_issuer[] = {who.method, who.issuer, who.consumer, who.credential};
  const View own[] = {who.method, who.consumer, who.credential};
  return who.issuer.empty() ? listed(own, kSlash, arena) : listed(of_issuer, kSlash, arena);
}

std::optional<View> value_of(Exchange& ex, const KeyPart& part) {
  const Identity& who = ex.identity;
  switch (part.kind) {
    case PartKind::ip:
      return network(ex);
    case PartKind::consumer:
      return some(who.consumer);
    case PartKind::credential:
      return who.credential.empty() ? std::nullopt : std::optional(credential_text(who, ex.arena));
    case PartKind::route:
      return ex.route_name;
    case PartKind::header: {
      const http::Field* line = ex.request.fields.find(part.name);
      return line ? some(line->value) : std::nullopt;
    }
    case PartKind::claim: {
      const Claim* claim = find_claim(who.claims, part.name);
      return claim ? some(claim->text) : std::nullopt;
    }
    case PartKind::cookie:
      return some(find_cookie(ex.request.fields, part.name).value);
    case PartKind::query:
      // As it is meant: who writes it in another way is the same caller.
      return some(decoded(query_parameter(ex.request.query, part.name).value_or(View()), true, ex.arena));
    case PartKind::path: {
      auto capture = std::ranges::find(ex.captures, part.name, &Capture::name);
      return capture != ex.captures.end() ? some(capture->value) : std::nullopt;
    }
    case PartKind::groups:
      return some(listed(who.groups, kComma, ex.arena));
    case PartKind::scopes:
      return some(listed(who.scopes, kComma, ex.arena));
  }
  return std::nullopt;
}

constexpr char kSeparator = '|', kEscape = '%';

bool must_escape(char c) noexcept { return c == kSeparator || c == kEscape; }

// "ip=192.0.2.7|header.x-key=a%7Cb"
View write(base::Arena& arena, std::span<const View> labels, std::span<const View> values) {
  std::size_t size = 0;
  for (std::size_t i = 0; i < values.size(); ++i) size += labels[i].size() + 3 * values[i].size() + 1;
  char* begin = arena.chars(size);
  char* at = begin;
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (i) *at++ = kSeparator;
    at += labels[i].copy(at, labels[i].size());
    for (char c : values[i]) {
      if (!must_escape(c)) {
        *at++ = c;
        continue;
      }
      View escaped = c == kSeparator ? "%7C" : "%25";
      at += escaped.copy(at, escaped.size());
    }
  }
  return {begin, static_cast<std::size_t>(at - begin)};
}

// The same of a single part in which nothing is to be escaped, as nearly all keys are.
std::optional<View> write_plain(base::Arena& arena, View label, View value) {
  if (std::any_of(value.begin(), value.end(), must_escape)) return std::nullopt;
  return arena.join(label, value);
}

constexpr std::size_t kMostParts = 8;

// Is it known only once somebody has found out who calls?
bool is_about_caller(PartKind kind) noexcept {
  return kind == PartKind::consumer || kind == PartKind::credential || kind == PartKind::claim ||
         kind == PartKind::groups || kind == PartKind::scopes;
}

}  // namespace

void describe(config::Enumeration<MissingKey>& e) {
  e.about("missing_key");
  e.value("by_ip", MissingKey::by_ip, "Counts it under the client's address in place of what is missing.");
  e.value("skip", MissingKey::skip, "Does not count it: it passes.");
  e.value("reject", MissingKey::reject,
          "Refuses it: where something about the caller is missing, such as a consumer or a claim, with 401, "
          "or 403 if the caller is known; else with 400.");
}

CallerKey::CallerKey(std::vector<KeyPart> parts, MissingKey missing)
    : parts_(std::move(parts)), missing_(missing) {
  parts_.resize(std::min(parts_.size(), kMostParts));
  for (const KeyPart& part : parts_) {
    labels_.push_back(label_of(part));
    confidential_ |= part.kind >= PartKind::header;  // what a client or an issuer made up
  }
}

CallerKey::Found CallerKey::of(Exchange& ex) const {
  if (parts_.size() == 1)
    if (auto value = value_of(ex, parts_[0]))
      if (auto plain = write_plain(ex.arena, labels_[0], *value)) return {*plain, nullptr};
  std::array<View, kMostParts> labels, values;
  for (std::size_t i = 0; i < parts_.size(); ++i) {
    auto value = value_of(ex, parts_[i]);
    labels[i] = labels_[i];
    if (!value) {
      if (missing_ != MissingKey::by_ip) return {{}, &parts_[i]};
      labels[i] = "ip=";
      value = network(ex);
    }
    values[i] = *value;
  }
  return {write(ex.arena, std::span(labels).first(parts_.size()), std::span(values).first(parts_.size())),
          nullptr};
}

std::string key_as_counted(std::string key) {
  constexpr View kHeader = "header.";
  for (std::size_t begin = 0, end = 0; end < key.size(); begin = end + 1) {
    std::size_t name_end = std::min(key.find('=', begin), key.size());
    if (View(key).substr(begin).starts_with(kHeader)) {
      auto name = base::to_lower(View(key).substr(begin, name_end - begin));
      key.replace(begin, name.size(), name);
    }
    end = std::min(key.find(kSeparator, name_end), key.size());
  }
  return key;
}

std::optional<Stage> needed_stage(const std::vector<KeyPart>& parts) {
  bool about_caller = std::ranges::any_of(parts, [](const KeyPart& p) { return is_about_caller(p.kind); });
  return about_caller ? std::optional(Stage::identify) : std::nullopt;
}

Step refuse_without(Exchange& ex, const KeyPart& part) {
  ex.refused_by_limit = true;
  if (is_about_caller(part.kind))
    return reply_to_caller(ex, ex.arena.join("nothing is known of the caller's `", part.text(), "`"));
  return reply(ex, base::Reason::validation,
               ex.arena.join("the request has no ", part.kind_text(), " `", part.name, "`"));
}

void note_dry_run(Exchange& ex, std::string_view owner) {
  if (ex.detail.empty()) ex.detail = ex.arena.join("dry run: ", owner, " would have refused");
}

}  // namespace sluice::chain
