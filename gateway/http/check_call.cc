// SPDX-License-Identifier: Apache-2.0
#include "gateway/http/check_call.h"

#include "gateway/base/strings.h"
#include "gateway/http/hop_by_hop.h"
#include "gateway/http/protobuf.h"

namespace sluice::http {
namespace {

// Names in lower case, each once (attribute_context.proto, HttpRequest.headers).
void add_fields(ProtoWriter& http, std::span<const Field> fields) {
  constexpr unsigned kHeaders = 3;
  for (std::size_t i = 0; i < fields.size(); ++i) {
    auto is_same = [&](const Field& f) { return base::equal_ignoring_case(f.name, fields[i].name); };
    bool seen = false;
    for (const Field& before : fields.first(i)) seen |= is_same(before);
    if (seen) continue;
    std::string joined(fields[i].value);
    for (const Field& later : fields.subspan(i + 1))
      if (is_same(later)) joined.append(",").append(later.value);
    http.entry(kHeaders, base::to_lower(fields[i].name), joined);
  }
}

bool can_be_sent(const CheckResponse::Line& line) {
  FieldId id = field_id(line.name);
  return valid_field_name(line.name) && valid_field_value(line.value) && !connection_level(id) &&
         id != FieldId::content_length && id != FieldId::host;
}

// config.core.v3.HeaderValueOption: its `append` and the like mean nothing here, a field is set.
bool read_field(std::string_view bytes, std::vector<CheckResponse::Line>& out) {
  CheckResponse::Line line;
  bool good = true;
  ProtoReader option(bytes);
  for (ProtoField f; option.next(f);) {
    if (!f.is_bytes(1)) continue;
    ProtoReader header(f.bytes);
    for (ProtoField part; header.next(part);) {
      if (part.is_bytes(1)) line.name = part.bytes;
      if ((part.is_bytes(2) || part.is_bytes(3)) && !part.bytes.empty())
        line.value = part.bytes;  // 3: as bytes
    }
    good &= header.good();
  }
  if (can_be_sent(line)) out.push_back(line);
  return good && option.good();
}

bool read_denied(std::string_view bytes, CheckResponse& out) {
  bool good = true;
  ProtoReader denied(bytes);
  for (ProtoField f; denied.next(f);) {
    if (f.is_bytes(1)) {
      ProtoReader status(f.bytes);
      for (ProtoField code; status.next(code);)
        if (code.is_number(1) && code.value >= 200 && code.value <= 599)
          out.status = static_cast<int>(code.value);
      good &= status.good();
    } else if (f.is_bytes(2)) {
      good &= read_field(f.bytes, out.fields);
    } else if (f.is_bytes(3)) {
      out.body = f.bytes;
    }
  }
  return good && denied.good();
}

bool read_ok(std::string_view bytes, CheckResponse& out) {
  bool good = true;
  ProtoReader ok(bytes);
  for (ProtoField f; ok.next(f);) {
    if (f.is_bytes(2)) good &= read_field(f.bytes, out.fields);
    if (f.is_bytes(5) && can_be_sent({f.bytes, ""})) out.remove.push_back(f.bytes);
  }
  return good && ok.good();
}

}  // namespace

std::string write_check_request(const CheckRequest& r) {
  ProtoWriter http;
  http.text(1, r.id).text(2, r.method);
  add_fields(http, r.fields);
  http.text(4, r.path).text(5, r.host).text(6, r.scheme);
  http.number(9, ~std::uint64_t{0});  // the size: -1, the body is not looked at
  http.text(10, r.protocol);
  ProtoWriter attributes;
  if (!r.address.empty()) {
    ProtoWriter socket, address, peer;
    socket.text(2, r.address).number(3, r.port);
    address.message(1, socket);
    attributes.message(1, peer.message(1, address));
  }
  attributes.message(4, ProtoWriter().message(2, http));
  return grpc_frame(ProtoWriter().message(1, attributes).bytes());
}

base::Result<CheckResponse> parse_check_response(std::string_view body) {
  auto message = grpc_unframed(body);
  if (!message) return std::move(message).unexpected();
  CheckResponse out;
  bool good = true;
  std::uint64_t code = 0;
  std::string_view denied, ok;
  ProtoReader reader(*message);
  for (ProtoField f; reader.next(f);) {
    if (f.is_bytes(1)) {
      ProtoReader status(f.bytes);
      for (ProtoField part; status.next(part);) {
        if (part.is_number(1)) code = part.value;
        if (part.is_bytes(2)) out.message = part.bytes;
      }
      good &= status.good();
    }
    if (f.is_bytes(2)) denied = f.bytes;
    if (f.is_bytes(3)) ok = f.bytes;
  }
  out.allowed = code == 0;
  good = good && reader.good() && (out.allowed ? read_ok(ok, out) : read_denied(denied, out));
  if (!good) return base::fail(base::Reason::upstream_protocol, "a message that is no CheckResponse");
  return out;
}

}  // namespace sluice::http
