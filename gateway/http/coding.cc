// SPDX-License-Identifier: Apache-2.0
#include "gateway/http/coding.h"

#include <algorithm>

#include "gateway/base/strings.h"

namespace sluice::http {
namespace {

using View = std::string_view;

constexpr View kNames[kCodings] = {"identity", "gzip", "deflate", "br", "zstd", "other"};

// Digests of bytes that are not those bytes any more (RFC 9530, and what came before it).
constexpr View kDigests[] = {"Content-Digest", "Repr-Digest", "Digest", "Content-MD5"};

// "0.8" as 800 (RFC 9110 section 12.4.2); 0 for what is no weight.
std::int16_t weight_of(View text) noexcept {
  constexpr std::int16_t kOne = 1000;
  if (text.empty() || text.size() > 5 || (text[0] != '0' && text[0] != '1')) return 0;
  if (text.size() > 1 && text[1] != '.') return 0;
  std::int16_t out = text[0] == '1' ? kOne : 0, unit = 100;
  for (char c : text.substr(std::min<std::size_t>(2, text.size()))) {
    if (c < '0' || c > '9') return 0;
    out = static_cast<std::int16_t>(out + (c - '0') * unit);
    unit = static_cast<std::int16_t>(unit / 10);
  }
  return out > kOne ? std::int16_t{0} : out;
}

bool is_digest(View field) noexcept {
  return std::ranges::any_of(kDigests, [field](View d) { return base::equal_ignoring_case(d, field); });
}

// Digests are not announced as trailers any more.
void unannounce_digests(Fields& fields) {
  if (!fields.may_have(field_set(FieldId::trailer))) return;
  for (Field& line : fields.lines()) {
    if (line.dropped || line.id != FieldId::trailer) continue;
    char* kept = fields.arena().chars(line.value.size() + 1);  // each name has a comma before it here
    char* end = kept;
    bool found = false;
    View rest = line.value, token;
    while (base::next_token(rest, token)) {
      if (is_digest(token)) {
        found = true;
        continue;
      }
      *end++ = ',';
      end = std::ranges::copy(token, end).out;
    }
    if (!found) continue;
    line.dropped = end == kept;
    if (!line.dropped) line.value = {kept + 1, end};
    line.received = false;
  }
}

}  // namespace

View name(Coding coding) noexcept { return kNames[static_cast<std::size_t>(coding)]; }

Coding coding(View text) noexcept {
  for (std::size_t i = 0; i + 1 < kCodings; ++i)
    if (base::equal_ignoring_case(text, kNames[i])) return static_cast<Coding>(i);
  return base::equal_ignoring_case(text, "x-gzip") ? Coding::gzip : Coding::other;
}

Coding content_coding(const Fields& fields) noexcept {
  Coding found = Coding::identity;
  if (!fields.may_have(field_set(FieldId::content_encoding))) return found;
  for (const Field& line : fields.lines()) {
    if (line.dropped || line.id != FieldId::content_encoding) continue;
    View rest = line.value, token;
    while (base::next_token(rest, token)) {
      Coding one = coding(token);
      if (one != Coding::identity) found = found == Coding::identity ? one : Coding::other;
    }
  }
  return found;
}

AcceptedCodings::AcceptedCodings(const Fields& request) noexcept {
  weights_.fill(kUnsaid);
  if (!request.may_have(field_set(FieldId::accept_encoding))) return;
  for (const Field& line : request.lines()) {
    if (line.dropped || line.id != FieldId::accept_encoding) continue;
    View rest = line.value, element;
    while (base::next_token(rest, element)) read(element);
  }
}

void AcceptedCodings::read(View element) noexcept {
  std::size_t semicolon = element.find(';');
  View token = base::trim(element.substr(0, semicolon));
  std::int16_t weight = 1000;
  if (semicolon != View::npos) {
    View parameter = base::trim(element.substr(semicolon + 1));
    bool known = parameter.size() > 2 && base::lower(parameter[0]) == 'q' && parameter[1] == '=';
    weight = known ? weight_of(parameter.substr(2)) : std::int16_t{0};
  }
  if (token == "*") {
    star_ = weight;
  } else if (Coding known = coding(token); known != Coding::other) {
    weights_[static_cast<std::size_t>(known)] = weight;
  }
}

int AcceptedCodings::weight(Coding coding) const noexcept {
  std::int16_t own = weights_[static_cast<std::size_t>(coding)];
  if (own != kUnsaid) return own;
  return star_ == kUnsaid ? 0 : star_;
}

bool AcceptedCodings::refuses_identity() const noexcept {
  std::int16_t own = weights_[static_cast<std::size_t>(Coding::identity)];
  return own == 0 || (own == kUnsaid && star_ == 0);
}

Coding AcceptedCodings::best(std::span<const Coding> offered) const noexcept {
  Coding out = Coding::identity;
  int most = 0;
  for (Coding one : offered)
    if (int w = weight(one); w > most) {
      most = w;
      out = one;
    }
  return weights_[static_cast<std::size_t>(Coding::identity)] > most ? Coding::identity : out;
}

bool no_transform(const Fields& fields) noexcept {
  if (!fields.may_have(field_set(FieldId::cache_control))) return false;
  for (const Field& line : fields.lines())
    if (!line.dropped && line.id == FieldId::cache_control && base::has_token(line.value, "no-transform"))
      return true;
  return false;
}

void weaken_etag(Fields& fields) {
  View etag = fields.value(FieldId::etag);
  if (etag.starts_with('"')) fields.set(FieldId::etag, fields.arena().join("W/", etag));
}

void remove_digests(Fields& fields) {
  for (View digest : kDigests) fields.remove(digest);
}

void recoded(Fields& fields, Coding now) {
  fields.remove_all(field_set(FieldId::content_length, FieldId::content_encoding, FieldId::accept_ranges));
  remove_digests(fields);
  if (now != Coding::identity) fields.add(FieldId::content_encoding, name(now));
  weaken_etag(fields);
  unannounce_digests(fields);
}

const Fields* recoded_trailers(const Fields* trailers, base::Arena& arena) {
  if (!trailers) return nullptr;
  auto stays = [](const Field& line) { return !line.dropped && !is_digest(line.name); };
  if (!trailers->has(FieldId::etag) && std::ranges::all_of(trailers->lines(), stays)) return trailers;
  auto* out = arena.make<Fields>(arena);
  for (const Field& line : trailers->lines())
    if (stays(line)) out->add(line.name, line.value);
  weaken_etag(*out);
  return out;
}

}  // namespace sluice::http
