// SPDX-License-Identifier: Apache-2.0
#include "gateway/server/confined_identity.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "gateway/base/strings.h"
#include "gateway/chain/identity_fields.h"
#include "gateway/http/fields.h"

namespace sluice::server {
namespace {

// Fields of requests that have a meaning to services, clients or whatever is between them, beside those that
// http::field_id() knows.
constexpr std::string_view kFamiliesOfHttp[] = {"accept-", "access-control-", "content-", "grpc-",
                                                "if-",     "proxy-",          "sec-",     "x-b3-"};
constexpr std::string_view kFieldsOfHttp[] = {"b3",
                                              "baggage",
                                              "cdn-loop",
                                              "dpop",
                                              "early-data",
                                              "from",
                                              "last-event-id",
                                              "max-forwards",
                                              "pragma",
                                              "prefer",
                                              "priority",
                                              "repr-digest",
                                              "signature",
                                              "signature-input",
                                              "tracestate",
                                              "x-csrf-token",
                                              "x-requested-with",
                                              "x-xsrf-token"};

bool of_http(std::string_view name) {
  if (http::field_id(name) != http::FieldId::other) return true;
  auto lower = base::to_lower(name);
  return std::ranges::find(kFieldsOfHttp, lower) != std::end(kFieldsOfHttp) ||
         std::ranges::any_of(kFamiliesOfHttp, [&](auto family) { return lower.starts_with(family); });
}

}  // namespace

void ConfinedIdentity::note(std::string_view name, const std::string& at, std::vector<Said> Field::* as) {
  if (chain::IdentityFields::brings_credentials(name)) return;  // it stays, whatever is said
  std::string read(name);
  std::ranges::transform(read, read.begin(), http::cgi_char);
  auto& all = fields_[read].*as;
  auto place = report_.document().place(at);
  bool known = std::ranges::any_of(all, [&](const Said& said) {
    return said.place.file == place.file && base::equal_ignoring_case(said.name, name);
  });
  if (!known) all.push_back({std::string(name), at, place});
}

bool ConfinedIdentity::confined(const Said& said) const {
  return !report_.document().confinements(said.place).empty();
}

// Is it of a file that is not confined as that one is?
bool ConfinedIdentity::outside(const Said& said, const Said& confined) const {
  auto is = report_.document().confinements(said.place), to = report_.document().confinements(confined.place);
  return is.size() < to.size() || !std::equal(to.begin(), to.end(), is.begin());
}

// And of one that may say what concerns that one?
bool ConfinedIdentity::around(const Said& said, const Said& confined) const {
  auto is = report_.document().confinements(said.place), to = report_.document().confinements(confined.place);
  return is.size() < to.size() && std::equal(is.begin(), is.end(), to.begin());
}

void ConfinedIdentity::check() const {
  for (const auto& [name, field] : fields_) {
    for (const Said& read : field.read)
      if (confined(read)) check_read(read, field);
    for (const Said& told : field.told)
      if (confined(told)) check_told(told, field);
  }
}

void ConfinedIdentity::check_read(const Said& read, const Field& field) const {
  auto same = [&](const Said& said) { return base::equal_ignoring_case(said.name, read.name); };
  if (std::ranges::any_of(field.read, [&](const Said& r) { return same(r) && around(r, read); })) return;
  auto told = std::ranges::find_if(field.told, [&](const Said& t) { return same(t) && outside(t, read); });
  if (told == field.told.end()) return;
  complain(read,
           fmt::format("read credentials in `{}`, where others tell upstreams who calls: what clients send "
                       "there would reach those",
                       read.name),
           &*told);
}

// Of names that look alike too: who removes one of them removes the other.
void ConfinedIdentity::check_told(const Said& told, const Field& field) const {
  auto same = [&](const Said& said) { return base::equal_ignoring_case(said.name, told.name); };
  if (std::ranges::any_of(field.told, [&](const Said& t) { return same(t) && around(t, told); })) return;
  if (of_http(told.name))
    return complain(
        told,
        fmt::format(
            "tell upstreams who calls in `{}`, which others need: it would be taken from all requests",
            told.name),
        nullptr);
  auto read = std::ranges::find_if(field.read, [&](const Said& r) { return outside(r, told); });
  if (read == field.read.end()) return;
  complain(told, fmt::format("tell upstreams who calls in `{}`, where others read credentials", told.name),
           &*read);
}

void ConfinedIdentity::complain(const Said& said, const std::string& what, const Said* other) const {
  auto confinement = report_.document().confinements(said.place).front()->place;
  report_.error(said.at, "a file that is confined cannot " + what,
                (other ? "they do at " + report_.where(other->at) + "; " : "") + "confined at " +
                    report_.document().sources().text(confinement));
}

}  // namespace sluice::server
