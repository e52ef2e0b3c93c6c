// SPDX-License-Identifier: Apache-2.0
#include "gateway/chain/caller_key.h"

#include <array>

#include "gateway/base/hex.h"
#include "gateway/base/strings.h"
#include "gateway/chain/claims.h"
#include "gateway/chain/cookies.h"
#include "gateway/chain/exchange.h"
#include "gateway/chain/local_reply.h"

namespace sluice::chain {
namespace {

using Kind = KeyPart::Kind;
using View = std::string_view;

struct Word {
  View text;  // ends in a dot when a name follows
  Kind kind;
};
constexpr Word kWords[] = {
    {"ip", Kind::ip},         {"consumer", Kind::consumer}, {"credential", Kind::credential},
    {"route", Kind::route},   {"header.", Kind::header},    {"claim.", Kind::claim},
    {"cookie.", Kind::cookie}};

View word(Kind kind) noexcept { return kWords[static_cast<std::size_t>(kind)].text; }

// Lower case, so that X-Key and x-key are one key.
std::string label_of(const KeyPart& part) {
  return (part.kind == Kind::header ? base::to_lower(part.text()) : part.text()) + "=";
}

config::Refusal read(View text, KeyPart& out) {
  for (const Word& w : kWords) {
    bool named = w.text.ends_with('.');
    if (!named && text == w.text) {
      out = {w.kind, {}};
      return {};
    }
    if (!named || !text.starts_with(w.text)) continue;
    View name = text.substr(w.text.size());
    if (name.empty()) return config::Complaint{"add a name, as in " + std::string(w.text) + "name", {}, 0};
    if (w.kind != Kind::claim && !http::valid_field_name(name))
      return config::Complaint{"`" + std::string(name) + "` can be no name of a " +
                                   std::string(w.text.substr(0, w.text.size() - 1)),
                               {},
                               w.text.size()};
    out = {w.kind, std::string(name)};
    return {};
  }
  std::vector<View> known;
  for (const Word& w : kWords) known.push_back(w.text);
  View head = text.substr(0, text.find('.') == View::npos ? text.size() : text.find('.') + 1);
  View near = base::nearest(head, known);
  config::Complaint complaint;
  if (!near.empty())
    complaint.hint = "did you mean `" + std::string(near) +
                     (near.ends_with('.') ? std::string(text.substr(head.size())) : std::string()) + "`?";
  return complaint;
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

std::optional<View> value_of(Exchange& ex, const KeyPart& part) {
  const Identity& who = ex.identity;
  switch (part.kind) {
    case Kind::ip:
      return network(ex);
    case Kind::consumer:
      return some(who.consumer);
    case Kind::credential:
      // Names of credentials are a consumer's own, and a token without a consumer has its issuer's.
      if (who.credential.empty()) return std::nullopt;
      return ex.arena.join(who.method, "/", who.consumer, "/", who.credential);
    case Kind::route:
      return ex.route_name;
    case Kind::header: {
      const http::Field* line = ex.request.fields.find(part.name);
      return line ? some(line->value) : std::nullopt;
    }
    case Kind::claim: {
      const Claim* claim = find_claim(who.claims, part.name);
      return claim ? some(claim->text) : std::nullopt;
    }
    case Kind::cookie:
      return some(find_cookie(ex.request.fields, part.name).value);
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

constexpr std::size_t kMostParts = 8;

}  // namespace

std::string KeyPart::text() const { return std::string(word(kind)) + name; }

void describe(config::Text<KeyPart>& t) {
  t.about("key part", "ip, consumer, credential, route, header.NAME, claim.NAME or cookie.NAME");
  t.pattern("(ip|consumer|credential|route|(header|claim|cookie)\\..+)");
  t.example("consumer");
  t.read(read);
  t.write([](const KeyPart& p) { return p.text(); });
}

void describe(config::Enumeration<MissingKey>& e) {
  e.about("missing_key");
  e.value("by_ip", MissingKey::by_ip, "Counts it under the client's address in place of what is missing.");
  e.value("skip", MissingKey::skip, "Does not count it: it passes.");
  e.value("reject", MissingKey::reject,
          "Refuses it: with 401 where a consumer, a credential or a claim is missing, else with 400.");
}

CallerKey::CallerKey(std::vector<KeyPart> parts, MissingKey missing)
    : parts_(std::move(parts)), missing_(missing) {
  parts_.resize(std::min(parts_.size(), kMostParts));
  for (const KeyPart& part : parts_) {
    labels_.push_back(label_of(part));
    confidential_ |= part.kind == Kind::header || part.kind == Kind::cookie || part.kind == Kind::claim;
  }
}

CallerKey::Found CallerKey::of(Exchange& ex) const {
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

std::optional<Stage> needed_stage(const std::vector<KeyPart>& parts) {
  for (const KeyPart& part : parts)
    if (part.kind == Kind::consumer || part.kind == Kind::credential || part.kind == Kind::claim)
      return Stage::identify;
  return std::nullopt;
}

Step refuse_without(Exchange& ex, const KeyPart& part) {
  switch (part.kind) {
    case Kind::consumer:
    case Kind::credential:
    case Kind::claim:
      return reply(ex, base::Reason::unauthenticated);
    default:
      return reply(ex, base::Reason::validation,
                   ex.arena.join("the request has no ", word(part.kind).substr(0, word(part.kind).size() - 1),
                                 " `", part.name, "`"));
  }
}

}  // namespace sluice::chain
