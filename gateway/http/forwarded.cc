// SPDX-License-Identifier: Apache-2.0
#include "gateway/http/forwarded.h"

#include <algorithm>
#include <iterator>
#include <optional>

#include "gateway/base/strings.h"
#include "gateway/http/authority.h"
#include "gateway/http/stream.h"

namespace sluice::http {
namespace {

// More proxies in a row than this are a loop.
constexpr std::size_t kMostHops = 32;

// The elements of all lines of a list field (RFC 9110 section 5.6.1) from the last to the first: what the
// nearest proxy has written comes first, and nothing further left, which may be anybody's, has a say in where
// an element begins. Quoted strings are understood as such.
class FromTheRight {
 public:
  FromTheRight(const Fields& fields, FieldId id) noexcept
      : lines_(fields.lines()), id_(id), line_(lines_.size()) {}

  std::optional<std::string_view> next() noexcept {
    for (;;) {
      while (rest_.empty()) {
        if (line_ == 0) return std::nullopt;
        const Field& line = lines_[--line_];
        if (!line.dropped && line.id == id_) rest_ = line.value;
      }
      std::size_t comma = last_comma(rest_);
      std::string_view element = base::trim(rest_.substr(comma == kNone ? 0 : comma + 1));
      rest_ = rest_.substr(0, comma == kNone ? 0 : comma);
      if (!element.empty()) return element;
    }
  }

 private:
  static constexpr std::size_t kNone = std::string_view::npos;
  static bool escaped(std::string_view text, std::size_t at) noexcept {
    std::size_t backslashes = 0;
    while (backslashes < at && text[at - backslashes - 1] == '\\') ++backslashes;
    return backslashes % 2 != 0;
  }
  static std::size_t last_comma(std::string_view text) noexcept {
    bool quoted = false;
    for (std::size_t at = text.size(); at-- > 0;) {
      if (text[at] == '"' && !escaped(text, at)) quoted = !quoted;
      if (text[at] == ',' && !quoted) return at;
    }
    return kNone;
  }

  std::span<const Field> lines_;
  FieldId id_;
  std::size_t line_;
  std::string_view rest_;
};

// An IP number, IPv6 also in brackets, and perhaps a port, as proxies write it.
std::optional<net::Address> read_address(std::string_view text) noexcept {
  std::string_view port;
  std::size_t colon = text.rfind(':');
  bool bracketed = text.starts_with('[');
  bool has_port = colon != std::string_view::npos &&
                  (bracketed ? colon > 0 && text[colon - 1] == ']' : text.find(':') == colon);
  if (has_port) {
    port = text.substr(colon + 1);
    text = text.substr(0, colon);
  }
  auto number = has_port ? base::parse_decimal(port) : std::optional<std::uint64_t>(0);
  if (!number || *number > 65535) return std::nullopt;
  if (bracketed && text.find(':') == std::string_view::npos) return std::nullopt;
  auto address = net::Address::parse(text, static_cast<std::uint16_t>(*number));
  if (!address) return std::nullopt;
  return *address;
}

std::string_view known_scheme(std::string_view text) noexcept {
  for (std::string_view http : {"http", "ws"})
    if (base::equal_ignoring_case(text, http)) return "http";
  for (std::string_view https : {"https", "wss"})
    if (base::equal_ignoring_case(text, https)) return "https";
  return {};
}

std::string_view known_host(std::string_view text) noexcept {
  return !text.empty() && parse_authority(text) ? text : std::string_view{};
}

// One element of Forwarded.
struct Element {
  std::optional<net::Address> from;
  std::string_view scheme, host;
};

// Values need no escapes, so one that has some is not believed.
std::optional<std::string_view> unquoted(std::string_view value) noexcept {
  if (value.size() >= 2 && value.front() == '"' && value.back() == '"')
    value = value.substr(1, value.size() - 2);
  if (value.find_first_of("\"\\") != std::string_view::npos) return std::nullopt;
  return value;
}

// RFC 7239 section 4. Values of the parameters that are understood hold no semicolon, quoted or not.
std::optional<Element> read_element(std::string_view text) noexcept {
  Element out;
  while (!text.empty()) {
    std::size_t end = std::min(text.find(';'), text.size());
    std::string_view pair = base::trim(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    std::size_t equals = pair.find('=');
    if (equals == std::string_view::npos) return std::nullopt;
    std::string_view name = base::trim(pair.substr(0, equals));
    auto value = unquoted(base::trim(pair.substr(equals + 1)));
    if (base::equal_ignoring_case(name, "for")) {
      if (!value || out.from) return std::nullopt;
      out.from = read_address(*value);
      if (!out.from) return std::nullopt;
    } else if (base::equal_ignoring_case(name, "proto")) {
      out.scheme = known_scheme(value.value_or(""));
    } else if (base::equal_ignoring_case(name, "host")) {
      out.host = known_host(value.value_or(""));
    }
  }
  return out;
}

// All lines of that name as one, in the arena.
std::string_view joined_lines(const Fields& fields, FieldId id, base::Arena& arena) {
  std::string_view all;
  for (const Field& line : fields.lines()) {
    if (line.dropped || line.id != id || base::trim(line.value).empty()) continue;
    all = all.empty() ? arena.copy(line.value) : arena.join(all, ", ", line.value);
  }
  return all;
}

// Does every quoted string in it end? One that a client left open would hide from the next reader what was
// appended.
bool closed(std::string_view list) noexcept {
  bool quoted = false, escaped = false;
  for (char c : list) {
    if (c == '"' && !escaped) quoted = !quoted;
    escaped = quoted && c == '\\' && !escaped;
  }
  return !quoted;
}

std::string_view only_line(const Fields& fields, FieldId id) noexcept {
  return fields.count(id) == 1 ? fields.value(id) : std::string_view{};
}

}  // namespace

const Forwarded* read_forwarded(const Fields& fields, const net::Address& peer, const TrustedProxies& trusted,
                                base::Arena& arena) {
  if (!net::contains(trusted.from, peer)) return nullptr;
  auto* out = arena.make<Forwarded>();
  out->client = out->proxy = peer;
  out->rfc7239 = trusted.rfc7239;
  if (!trusted.rfc7239) {
    out->scheme = known_scheme(only_line(fields, FieldId::x_forwarded_proto));
    out->host = arena.copy(known_host(only_line(fields, FieldId::x_forwarded_host)));
  }
  FieldId id = trusted.rfc7239 ? FieldId::forwarded : FieldId::x_forwarded_for;
  net::Address hops[kMostHops];
  std::size_t count = 0;
  Element last;
  FromTheRight elements(fields, id);
  for (bool found = false; !found;) {
    auto text = elements.next();
    if (!text) break;  // all of them are trusted: the first one is the client
    auto element = trusted.rfc7239 ? read_element(*text) : Element{read_address(*text), {}, {}};
    if (!element || !element->from || count == kMostHops) return out;
    last = *element;
    hops[count++] = *last.from;
    found = !net::contains(trusted.from, *last.from);
  }
  if (count == 0) return out;
  auto kept = arena.array<net::Address>(count);
  std::reverse_copy(hops, hops + count, kept.begin());
  out->hops = kept;
  out->client = kept.front();
  if (trusted.rfc7239) {  // what was told of the client itself is what counts
    out->scheme = last.scheme;
    out->host = arena.copy(last.host);
  }
  out->chain = joined_lines(fields, id, arena);
  if (trusted.rfc7239 && !closed(out->chain)) out->chain = {};
  return out;
}

FieldSet told_in(Telling telling) noexcept {
  constexpr FieldSet kX =
      field_set(FieldId::x_forwarded_for, FieldId::x_forwarded_host, FieldId::x_forwarded_proto);
  switch (telling) {
    case Telling::x_forwarded:
      return kX;
    case Telling::rfc7239:
      return field_set(FieldId::forwarded);
    case Telling::both:
      return kX | field_set(FieldId::forwarded);
    case Telling::off:
      break;
  }
  return 0;
}

namespace {

// A chain, written behind what is there.
class ChainWriter {
 public:
  ChainWriter(base::Arena& arena, std::string_view begin) noexcept : arena_(&arena), text_(begin) {}
  void add(std::string_view element) {
    text_ = text_.empty() ? arena_->copy(element) : arena_->join(text_, ", ", element);
  }
  std::string_view text() const noexcept { return text_; }

 private:
  base::Arena* arena_;
  std::string_view text_;
};

// An element of Forwarded for this address; IPv6 stands in brackets and therefore in quotes (RFC 7239 section
// 6).
std::string_view for_text(const net::Address& from, base::Arena& arena) {
  char ip[net::Address::kLongestIp];
  if (from.is_unix()) return "for=unknown";
  std::string_view number = from.ip(ip);
  bool v6 = number.find(':') != std::string_view::npos;
  return v6 ? arena.join("for=\"[", number, "]\"") : arena.join("for=", number);
}

struct Told {
  const ConnectionFacts& client;
  std::string_view host, scheme;
  const net::Address& peer() const noexcept {
    return client.forwarded ? client.forwarded->proxy : client.peer;
  }
  std::span<const net::Address> hops() const noexcept {
    return client.forwarded ? client.forwarded->hops : std::span<const net::Address>{};
  }
  // The chain to continue, if it came in that form.
  std::string_view chain(bool rfc7239) const noexcept {
    return client.forwarded && client.forwarded->rfc7239 == rfc7239 ? client.forwarded->chain
                                                                    : std::string_view{};
  }
};

// A client on a Unix socket has no address to tell.
std::string_view address_chain(const Told& told, base::Arena& arena) {
  ChainWriter out(arena, told.chain(false));
  char ip[net::Address::kLongestIp];
  if (out.text().empty())
    for (const auto& hop : told.hops()) out.add(hop.ip(ip));
  if (!told.peer().is_unix()) out.add(told.peer().ip(ip));
  return out.text();
}

std::string_view element_chain(const Told& told, base::Arena& arena) {
  ChainWriter out(arena, told.chain(true));
  if (out.text().empty())
    for (const auto& hop : told.hops()) out.add(for_text(hop, arena));
  std::string_view host = told.host.empty() ? "" : arena.join(";host=\"", told.host, "\"");
  out.add(arena.join(for_text(told.peer(), arena), host, ";proto=", told.scheme));
  return out.text();
}

}  // namespace

std::string_view forwarded_lines(Telling telling, const ConnectionFacts& client, std::string_view client_ip,
                                 std::string_view authority, base::Arena& arena) {
  if (telling == Telling::off) return {};
  const Forwarded* told_us = client.forwarded;
  Told told{client, told_us && !told_us->host.empty() ? told_us->host : authority, client.scheme()};
  std::string_view x, rfc;
  if (telling != Telling::rfc7239) {
    std::string_view chain = told_us                 ? address_chain(told, arena)
                             : client.peer.is_unix() ? std::string_view{}
                                                     : client_ip;
    // Of known length, which is not counted then.
    constexpr std::string_view kNone, kFor = "X-Forwarded-For: ", kHost = "X-Forwarded-Host: ", kEnd = "\r\n";
    bool named = !chain.empty(), hosted = !told.host.empty();
    x = arena.join(named ? kFor : kNone, chain, named ? kEnd : kNone, hosted ? kHost : kNone, told.host,
                   hosted ? kEnd : kNone, "X-Forwarded-Proto: ", told.scheme, kEnd);
  }
  if (telling != Telling::x_forwarded) rfc = arena.join("Forwarded: ", element_chain(told, arena), "\r\n");
  return rfc.empty() ? x : x.empty() ? rfc : arena.join(x, rfc);
}

}  // namespace sluice::http
