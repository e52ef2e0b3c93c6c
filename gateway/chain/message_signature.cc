// SPDX-License-Identifier: Apache-2.0
#include "gateway/chain/message_signature.h"

#include <algorithm>

#include "gateway/base/strings.h"
#include "gateway/chain/escape.h"
#include "gateway/jose/hash.h"

namespace sluice::chain {
namespace {

using base::Result;
using ValueKind = http::SfParameter::Kind;

base::Unexpected refuse(std::string why) { return base::fail(base::Reason::unauthenticated, std::move(why)); }

// The lines of one name as one value (section 2.1); none if there is no such line.
std::optional<std::string> combined(const http::Fields& fields, std::string_view name) {
  std::optional<std::string> out;
  for (const http::Field& line : fields.lines()) {
    if (line.dropped || !base::equal_ignoring_case(line.name, name)) continue;
    if (out) {
      out->append(", ").append(base::trim(line.value));
    } else {
      out = base::trim(line.value);
    }
  }
  return out;
}

// Lower case, without the scheme's own port (section 2.2.3).
std::string authority(const http::RequestHead& request, std::string_view scheme) {
  std::string out = base::to_lower(request.authority);
  std::string_view standard = scheme == "https" ? ":443" : ":80";
  if (out.ends_with(standard)) out.resize(out.size() - standard.size());
  return out;
}

std::string path_and_query(const http::RequestHead& request) {
  std::string out(request.path);
  if (request.has_query) out.append("?").append(request.query);
  return out;
}

// As it was sent, in whatever form (section 2.2.5). Where it is without a credential that the query still has,
// or the query is another one by now, the query counts: nothing of it may go on unsigned.
std::string request_target(const http::RequestHead& request) {
  std::size_t mark = request.target.find('?');
  bool has_query = mark != std::string_view::npos;
  bool whole =
      has_query == request.has_query && (!has_query || request.target.substr(mark + 1) == request.query);
  return whole ? std::string(request.target) : path_and_query(request);
}

// Decoded, and then encoded again in the one way that both sides agree on (section 2.2.8).
Result<std::string> query_parameter_of(const http::RequestHead& request, const http::SfItem& item) {
  const auto* name = item.find("name");
  if (!name || name->kind != ValueKind::string || item.parameters.size() != 1)
    return refuse("covers an @query-param without a name");
  std::string found;
  int count = 0;
  auto encoded = [](std::string_view text) { return form_component(decoded(text)); };
  each_parameter(request.query, [&](std::string_view pair) {
    auto equals = std::min(pair.find('='), pair.size());
    if (encoded(pair.substr(0, equals)) != name->text) return;
    ++count;
    found = encoded(pair.substr(std::min(equals + 1, pair.size())));
  });
  if (count != 1) return refuse("covers a query parameter that is not there once");
  return found;
}

Result<std::string> derived(const http::RequestHead& request, std::string_view scheme,
                            const http::SfItem& item) {
  const std::string& name = item.value.text;
  if (name == "@query-param") return query_parameter_of(request, item);
  if (!item.parameters.empty()) return refuse("covers a component with parameters that are not known here");
  if (name == "@method") return std::string(request.method_text);
  if (name == "@authority") return authority(request, scheme);
  if (name == "@scheme") return std::string(scheme);
  if (name == "@path") return std::string(request.path);
  if (name == "@query") return "?" + std::string(request.query);
  if (name == "@request-target") return request_target(request);
  if (name == "@target-uri")
    return std::string(scheme) + "://" + authority(request, scheme) + path_and_query(request);
  return refuse("covers the component " + name + ", which is not known here");
}

Result<std::string> component_value(const http::RequestHead& request, std::string_view scheme,
                                    const http::SfItem& item) {
  const std::string& name = item.value.text;
  if (item.value.kind != ValueKind::string || name.empty())
    return refuse("covers something that is no component");
  if (name.front() == '@') return derived(request, scheme, item);
  if (!item.parameters.empty()) return refuse("covers a field in a form that is not known here");
  if (base::to_lower(name) != name) return refuse("covers a field whose name is not in lower case");
  // The gateway keeps Host apart from the other fields.
  auto value =
      name == "host" ? std::optional(std::string(request.authority)) : combined(request.fields, name);
  if (!value) return refuse("covers the field " + name + ", which the request does not have");
  return std::move(*value);
}

bool read_parameters(MessageSignature& out) {
  auto text = [&](std::string_view key, std::string& into) {
    const auto* p = out.input.find(key);
    if (p) into = p->text;
    return !p || p->kind == ValueKind::string;
  };
  auto time = [&](std::string_view key, std::optional<std::int64_t>& into) {
    const auto* p = out.input.find(key);
    if (p) into = p->integer;
    return !p || p->kind == ValueKind::integer;
  };
  return text("keyid", out.key_id) && text("alg", out.algorithm) && text("nonce", out.nonce) &&
         text("tag", out.tag) && time("created", out.created) && time("expires", out.expires);
}

}  // namespace

bool MessageSignature::covers(std::string_view component) const noexcept {
  return std::any_of(input.items.begin(), input.items.end(), [component](const http::SfItem& i) {
    return i.parameters.empty() && i.value.text == component;
  });
}

Result<std::vector<MessageSignature>> message_signatures(const http::Fields& fields, base::Arena& arena) {
  std::vector<MessageSignature> out;
  auto inputs_text = combined(fields, "signature-input"), made_text = combined(fields, "signature");
  if (!inputs_text && !made_text) return out;
  if (!inputs_text || !made_text) return refuse("has one of Signature-Input and Signature only");
  auto inputs = http::parse_sf_dictionary(arena.copy(*inputs_text));
  auto made = http::parse_sf_dictionary(*made_text);
  if (!inputs || !made) return refuse("has a Signature-Input or Signature that is malformed");
  for (auto& input : *inputs) {
    auto its = std::find_if(made->begin(), made->end(), [&](const auto& m) { return m.key == input.key; });
    if (!input.is_list || its == made->end() || its->is_list || its->item.value.kind != ValueKind::bytes)
      return refuse("has a Signature-Input without its Signature");
    MessageSignature& s = out.emplace_back();
    s.label = input.key;
    s.signature = std::move(its->item.value.text);
    s.input = std::move(input);
    if (!read_parameters(s)) return refuse("has a Signature-Input with parameters of the wrong kind");
  }
  return out;
}

Result<std::string> signature_base(const http::RequestHead& request, std::string_view scheme,
                                   const MessageSignature& signature) {
  std::string out;
  std::vector<std::string_view> seen;
  for (const http::SfItem& item : signature.input.items) {
    if (std::find(seen.begin(), seen.end(), item.raw) != seen.end())
      return refuse("covers a component twice");
    seen.push_back(item.raw);
    auto value = component_value(request, scheme, item);
    if (!value) return std::move(value).unexpected();
    out.append(item.raw).append(": ").append(*value).append("\n");
  }
  out.append("\"@signature-params\": ").append(signature.input.raw);
  return out;
}

bool digest_fits(const http::Fields& fields, std::string_view body) {
  auto text = combined(fields, "content-digest");
  if (!text) return false;
  auto digests = http::parse_sf_dictionary(*text);
  if (!digests) return false;
  bool good = false;
  for (const auto& d : *digests) {
    bool sha256 = d.key == "sha-256", sha512 = d.key == "sha-512";
    if (!sha256 && !sha512) continue;
    auto hash = sha256 ? jose::Hash::sha256 : jose::Hash::sha512;
    if (d.is_list || d.item.value.kind != ValueKind::bytes || d.item.value.text != jose::hash(hash, body))
      return false;
    good = true;
  }
  return good;
}

}  // namespace sluice::chain
