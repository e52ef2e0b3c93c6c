// SPDX-License-Identifier: Apache-2.0
#include "gateway/compose/coding.h"

#include <fmt/format.h>

#include "gateway/base/strings.h"
#include "gateway/http/coding.h"
#include "gateway/http/decoder.h"

namespace sluice::compose {

bool coded(const http::Fields& answer) noexcept {
  return http::content_coding(answer) != http::Coding::identity;
}

std::string coding_line(const http::Fields& answer) {
  std::string out;
  for (const http::Field& f : answer.lines()) {
    if (f.dropped || f.id != http::FieldId::content_encoding || f.value.empty()) continue;
    if (base::equal_ignoring_case(f.value, http::name(http::Coding::identity))) continue;
    out.append(out.empty() ? "" : ", ").append(f.value);
  }
  return out;
}

std::string decode(const http::Fields& answer, std::string_view body, std::size_t most, json::Output& out) {
  auto decoder = http::make_decoder(http::content_coding(answer));
  if (!decoder) return fmt::format("with the content coding {}", coding_line(answer));
  char piece[16 * 1024];
  for (std::size_t left = most;;) {
    auto [taken, made, fault] = decoder->decode({body.data(), body.size()}, piece);
    if (made > left) return fmt::format("with more than {} bytes, decoded", most);
    left -= made;
    out << std::string_view(piece, made);
    body.remove_prefix(taken);
    if (fault == http::Decoder::Fault::trailing) return "with something behind the end of its coding";
    if (fault != http::Decoder::Fault::none) return "with a coding that is damaged";
    if (made == sizeof piece) continue;
    if (!body.empty() && taken == 0 && made == 0) return "with a coding that is damaged";
    if (body.empty()) return decoder->complete() ? "" : "with a coding that ends too early";
  }
}

}  // namespace sluice::compose
