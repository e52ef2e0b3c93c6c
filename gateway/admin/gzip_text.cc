// SPDX-License-Identifier: Apache-2.0
#include "gateway/admin/gzip_text.h"

#include "gateway/base/arena.h"
#include "gateway/http/fields.h"

namespace sluice::admin {
namespace {

// The control thread has other things to do, and little is gained beyond.
constexpr int kLevel = 3;
constexpr std::size_t kStep = 16 * 1024;

}  // namespace

bool takes_gzip(std::string_view accept_encoding) {
  if (accept_encoding.empty()) return false;
  base::Arena arena;
  http::Fields fields(arena);
  fields.add(http::FieldId::accept_encoding, accept_encoding);
  constexpr http::Coding kOffered[] = {http::Coding::gzip};
  return http::AcceptedCodings(fields).best(kOffered) == http::Coding::gzip;
}

GzipText::GzipText() : encoder_(http::make_encoder(http::Coding::gzip, kLevel, std::nullopt)) {}

std::string GzipText::add(std::string_view piece, bool last) {
  auto push = last ? http::Push::finish : http::Push::none;
  std::string out;
  for (std::size_t made = 0;;) {
    out.resize(made + kStep);
    auto progress = encoder_->encode({piece.data(), piece.size()}, {out.data() + made, kStep}, push);
    made += progress.made;
    piece.remove_prefix(progress.taken);
    if (!progress.done) continue;
    out.resize(made);
    return out;
  }
}

}  // namespace sluice::admin
