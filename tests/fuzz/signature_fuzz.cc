// SPDX-License-Identifier: Apache-2.0
// Message signatures: lines of Signature-Input, Signature and Content-Digest. Whatever is sent, nothing is
// read past its end, what a base says of a component stands on a line of its own, and no digest fits another
// body.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "gateway/base/assert.h"
#include "gateway/chain/message_signature.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace sluice;
  base::Arena arena;
  http::RequestHead request(arena);
  request.method_text = "POST";
  request.target = "/foo?param=Value&Pet=dog";
  request.path = "/foo";
  request.query = "param=Value&Pet=dog";
  request.has_query = true;
  request.authority = "example.com";
  constexpr const char* kNames[] = {"Signature-Input", "Signature", "Content-Digest"};
  std::string_view rest = arena.copy({reinterpret_cast<const char*>(data), size});
  for (const char* name : kNames) {
    auto end = std::min(rest.find('\n'), rest.size());
    request.fields.add(name, rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  bool one = chain::digest_fits(request.fields, "one"), other = chain::digest_fits(request.fields, "another");
  SLUICE_ASSERT(!one || !other);
  auto all = chain::message_signatures(request.fields, arena);
  if (!all) return 0;
  for (const auto& s : *all) {
    auto base = chain::signature_base(request, "https", s);
    if (!base) continue;
    std::size_t lines = 0;
    for (char c : *base) lines += c == '\n';
    SLUICE_ASSERT(lines == s.input.items.size());
    SLUICE_ASSERT(base->ends_with(s.input.raw));
  }
  return 0;
}
