// SPDX-License-Identifier: Apache-2.0
// Content codings (RFC 9110 section 8.4): which one a message has, which ones a client takes, and what its
// fields must no longer say when the coding changes. The bytes are encoder.h's and decoder.h's.
#pragma once
#include <array>
#include <cstdint>
#include <span>
#include <string_view>

#include "gateway/http/fields.h"

namespace sluice::http {

// `other`: one that we do not know, or several one over the other.
enum class Coding : std::uint8_t { identity, gzip, deflate, br, zstd, other };
inline constexpr std::size_t kCodings = 6;

std::string_view name(Coding coding) noexcept;  // "other" for other
// Of a name in any case; `x-gzip` is gzip.
Coding coding(std::string_view name) noexcept;
// Of a message with these fields; identity where they name none.
Coding content_coding(const Fields& fields) noexcept;

// What the Accept-Encoding of a request says (RFC 9110 section 12.5.3). What is malformed in it is not
// accepted.
class AcceptedCodings {
 public:
  explicit AcceptedCodings(const Fields& request) noexcept;

  // Was it named, or does `*` stand for it? Not where nothing was said, although anything goes then: those
  // who say nothing are old.
  bool takes(Coding coding) const noexcept { return weight(coding) > 0; }
  // Is a response without any coding of no use?
  bool refuses_identity() const noexcept;
  // The one that the client likes best; of several that it likes as much, the first in the list. Identity
  // where it takes none, or likes that better.
  Coding best(std::span<const Coding> offered) const noexcept;

 private:
  static constexpr std::int16_t kUnsaid = -1;
  void read(std::string_view element) noexcept;
  // In thousandths; 0: not acceptable.
  int weight(Coding coding) const noexcept;

  std::array<std::int16_t, kCodings> weights_;
  std::int16_t star_ = kUnsaid;
};

// May nobody on the way change the content (`Cache-Control: no-transform`, RFC 9111 section 5.2)?
bool no_transform(const Fields& fields) noexcept;
// A strong ETag becomes weak: what it stands for is the same, but not byte by byte (RFC 9110 section
// 8.8.1).
void weaken_etag(Fields& fields);
// Those of the bytes that a message had, when it has others now (RFC 9530, and what came before it).
void remove_digests(Fields& fields);
// The content has that coding from here on. What fields say of its bytes (length, ranges, digests, also those
// announced as trailers) goes, and a strong ETag is weakened.
void recoded(Fields& fields, Coding now);
// The trailers of such content, which say nothing of the bytes that are gone either: those that came, or
// others in the arena. Null for null.
const Fields* recoded_trailers(const Fields* trailers, base::Arena& arena);

}  // namespace sluice::http
