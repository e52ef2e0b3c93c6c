// SPDX-License-Identifier: Apache-2.0
#include "gateway/routing/connection_conditions.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "gateway/base/key_hash.h"
#include "gateway/base/strings.h"
#include "gateway/http/stream.h"
#include "gateway/net/tls_certificate.h"

namespace sluice::routing {
namespace {

using net::Cidr;

// "a", "one of a, b"
std::string listed(const std::vector<std::string>& texts) {
  return fmt::format("{}{}", texts.size() > 1 ? "one of " : "", fmt::join(texts, ", "));
}

class ConnectionCondition : public Condition {
 public:
  Kind kind() const noexcept final { return Kind::other; }
  bool fits(const Arrival& arrival) const noexcept final {
    return arrival.connection && holds(*arrival.connection);
  }

 private:
  virtual bool holds(const http::ConnectionFacts& connection) const noexcept = 0;
};

// Is every address of `inner` one of `outer`?
bool within(const Cidr& inner, const Cidr& outer) {
  auto a = inner.number(), b = outer.number();
  if (a.size() != b.size() || inner.prefix() < outer.prefix()) return false;
  for (unsigned bit = 0; bit < outer.prefix(); ++bit) {
    unsigned mask = 0x80U >> bit % 8;
    if ((a[bit / 8] & mask) != (b[bit / 8] & mask)) return false;
  }
  return true;
}

std::vector<std::string> texts_of(const std::vector<Cidr>& networks) {
  std::vector<std::string> out;
  for (const Cidr& n : networks) out.push_back(n.text());
  return out;
}

class ClientIp final : public ConnectionCondition {
 public:
  ClientIp(std::vector<Cidr> in, std::vector<Cidr> not_in) : in_(std::move(in)), not_in_(std::move(not_in)) {}

  // Networks either contain one another or have nothing in common: of each pair that remains, both exclusions
  // must leave nothing.
  bool excludes(const Condition& other) const noexcept override {
    const auto* o = dynamic_cast<const ClientIp*>(&other);
    if (!o) return false;
    for (const Cidr& a : in_.empty() ? everybody() : in_)
      for (const Cidr& b : o->in_.empty() ? everybody() : o->in_) {
        if (!within(a, b) && !within(b, a)) continue;
        const Cidr& common = within(a, b) ? a : b;
        auto holds = [&](const Cidr& excluded) { return within(common, excluded); };
        if (std::ranges::none_of(not_in_, holds) && std::ranges::none_of(o->not_in_, holds)) return false;
      }
    return true;
  }
  std::string text() const override {
    std::string out = "client_ip";
    if (!in_.empty()) out += " in " + listed(texts_of(in_));
    if (!not_in_.empty()) out += " not in " + listed(texts_of(not_in_));
    return out;
  }

 private:
  static const std::vector<Cidr>& everybody() {
    static const std::vector<Cidr> all{*Cidr::parse("0.0.0.0/0"), *Cidr::parse("::/0"), *Cidr::parse("unix")};
    return all;
  }
  bool holds(const http::ConnectionFacts& connection) const noexcept override {
    return (in_.empty() || net::contains(in_, connection.peer)) && !net::contains(not_in_, connection.peer);
  }

  std::vector<Cidr> in_, not_in_;
};

// On a text of which a connection has one.
class OneOf : public ConnectionCondition {
 public:
  OneOf(std::string_view what, std::vector<std::string> texts) : what_(what), texts_(std::move(texts)) {}

  bool excludes(const Condition& other) const noexcept override {
    const auto* o = dynamic_cast<const OneOf*>(&other);
    return o && o->what_ == what_ &&
           std::ranges::none_of(texts_, [&](const auto& text) { return o->has(text); });
  }
  std::string text() const override { return std::string(what_) + " " + listed(texts_); }

 protected:
  bool has(std::string_view text) const noexcept {
    return std::find(texts_.begin(), texts_.end(), text) != texts_.end();
  }

 private:
  std::string_view what_;
  std::vector<std::string> texts_;
};

class Listener final : public OneOf {
 public:
  explicit Listener(std::vector<std::string> names) : OneOf("listener", std::move(names)) {}

 private:
  bool holds(const http::ConnectionFacts& connection) const noexcept override {
    return connection.listener && has(connection.listener->name);
  }
};

class Scheme final : public OneOf {
 public:
  explicit Scheme(std::string scheme) : OneOf("scheme", {std::move(scheme)}) {}

 private:
  bool holds(const http::ConnectionFacts& connection) const noexcept override {
    return connection.listener && has(connection.scheme());
  }
};

bool ends_with_ignoring_case(std::string_view text, std::string_view end) noexcept {
  return text.size() >= end.size() && base::equal_ignoring_case(text.substr(text.size() - end.size()), end);
}

// Names below that of the wildcard, not itself.
bool is_below(std::string_view name, std::string_view wildcard) noexcept {
  return name.size() > wildcard.size() + 1 && name[name.size() - wildcard.size() - 1] == '.' &&
         ends_with_ignoring_case(name, wildcard);
}

class Sni final : public ConnectionCondition {
 public:
  explicit Sni(std::vector<HostPattern> names) : names_(std::move(names)) {}

  bool excludes(const Condition& other) const noexcept override {
    const auto* o = dynamic_cast<const Sni*>(&other);
    if (!o) return false;
    for (const HostPattern& a : names_)
      for (const HostPattern& b : o->names_)
        if (overlap(a, b)) return false;
    return true;
  }
  std::string text() const override {
    std::vector<std::string> texts;
    for (const HostPattern& name : names_) texts.push_back(name.text());
    return "sni " + listed(texts);
  }

 private:
  using Kind = HostPattern::Kind;
  static bool overlap(const HostPattern& a, const HostPattern& b) noexcept {
    if (a.kind == Kind::any || b.kind == Kind::any) return true;
    if (a.kind == b.kind && a.name == b.name) return true;
    return (a.kind == Kind::wildcard && is_below(b.name, a.name)) ||
           (b.kind == Kind::wildcard && is_below(a.name, b.name));
  }
  bool holds(const http::ConnectionFacts& connection) const noexcept override {
    std::string_view asked = connection.tls ? connection.tls->sni : std::string_view();
    if (asked.empty()) return false;
    return std::ranges::any_of(names_, [&](const HostPattern& name) {
      if (name.kind == Kind::any) return true;
      return name.kind == Kind::exact ? base::equal_ignoring_case(asked, name.name)
                                      : is_below(asked, name.name);
    });
  }

  std::vector<HostPattern> names_;
};

// The names in the certificates that this thread has seen last, as reading one takes longer than all the
// rest.
const std::vector<net::CertificateName>& names_in(const std::string& field) {
  struct Entry {
    std::string field;
    std::vector<net::CertificateName> names;
  };
  constexpr std::size_t kEntries = 64;
  thread_local std::vector<Entry> seen;
  if (seen.empty()) seen.resize(kEntries);
  Entry& entry = seen[base::TextHash()(field) % kEntries];
  if (entry.field == field) return entry.names;
  auto certificate = net::from_byte_sequence(field);
  entry.names = certificate ? net::names_in(certificate.get()) : std::vector<net::CertificateName>();
  entry.field = field;
  return entry.names;
}

std::string_view text_of(net::CertificateName::Kind kind) noexcept {
  constexpr std::array<std::string_view, 4> kTexts = {"uri", "dns", "email", "cn"};
  return kTexts[static_cast<std::size_t>(kind)];
}

class ClientCertificate final : public ConnectionCondition {
 public:
  explicit ClientCertificate(std::vector<net::CertificateName> names) : names_(std::move(names)) {}

  // A certificate may have the names of both, so nothing is excluded.
  std::string text() const override {
    std::vector<std::string> texts;
    for (const auto& name : names_) texts.push_back(fmt::format("{} {}", text_of(name.kind), name.text));
    return "client_certificate " + listed(texts);
  }

 private:
  static bool is(const net::CertificateName& wanted, const net::CertificateName& name) noexcept {
    if (wanted.kind != name.kind) return false;
    std::string_view text = wanted.text;
    if (wanted.kind != net::CertificateName::Kind::uri || !text.ends_with('*')) return name.text == text;
    return name.text.starts_with(text.substr(0, text.size() - 1));
  }
  bool holds(const http::ConnectionFacts& connection) const noexcept override {
    const auto* tls = connection.tls;
    if (!tls || !tls->client || !tls->client->verified) return false;
    const auto& names = names_in(tls->client->field);
    return std::ranges::any_of(names_, [&](const auto& wanted) {
      return std::ranges::any_of(names, [&](const auto& name) { return is(wanted, name); });
    });
  }

  std::vector<net::CertificateName> names_;
};

}  // namespace

std::shared_ptr<const Condition> client_ip_condition(std::vector<Cidr> in, std::vector<Cidr> not_in) {
  return std::make_shared<ClientIp>(std::move(in), std::move(not_in));
}
std::shared_ptr<const Condition> listener_condition(std::vector<std::string> names) {
  return std::make_shared<Listener>(std::move(names));
}
std::shared_ptr<const Condition> scheme_condition(std::string scheme) {
  return std::make_shared<Scheme>(std::move(scheme));
}
std::shared_ptr<const Condition> sni_condition(std::vector<HostPattern> names) {
  return std::make_shared<Sni>(std::move(names));
}
std::shared_ptr<const Condition> client_certificate_condition(std::vector<net::CertificateName> names) {
  return std::make_shared<ClientCertificate>(std::move(names));
}

}  // namespace sluice::routing
