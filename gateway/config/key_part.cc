// SPDX-License-Identifier: Apache-2.0
#include "gateway/config/key_part.h"

#include <vector>

#include "gateway/base/strings.h"
#include "gateway/config/diagnostic.h"
#include "gateway/http/fields.h"

namespace sluice::config {
namespace {

using PartKind = KeyPart::Kind;
using View = std::string_view;

struct Word {
  View text;  // ends in a dot when a name follows
  PartKind kind;
};
// By kind.
constexpr Word kPartWords[] = {
    {"ip", PartKind::ip},          {"consumer", PartKind::consumer}, {"credential", PartKind::credential},
    {"route", PartKind::route},    {"header.", PartKind::header},    {"claim.", PartKind::claim},
    {"cookie.", PartKind::cookie}, {"query.", PartKind::query},      {"path.", PartKind::path},
    {"groups", PartKind::groups},  {"scopes", PartKind::scopes}};

View word(PartKind kind) noexcept { return kPartWords[static_cast<std::size_t>(kind)].text; }

// Names that are tokens: those of claims and parameters are any text.
bool is_token(PartKind kind) noexcept { return kind == PartKind::header || kind == PartKind::cookie; }

Refusal read(View text, KeyPart& out) {
  for (const Word& w : kPartWords) {
    bool named = w.text.ends_with('.');
    if (!named && text == w.text) {
      out = {w.kind, {}};
      return {};
    }
    if (!named || !text.starts_with(w.text)) continue;
    View name = text.substr(w.text.size());
    if (name.empty()) return Complaint{"add a name, as in " + std::string(w.text) + "name", {}, 0};
    if (is_token(w.kind) && !http::valid_field_name(name))
      return Complaint{"`" + std::string(name) + "` can be no name of a " +
                           std::string(w.text.substr(0, w.text.size() - 1)),
                       {},
                       w.text.size()};
    out = {w.kind, std::string(name)};
    return {};
  }
  std::vector<View> known;
  for (const Word& w : kPartWords) known.push_back(w.text);
  View head = text.substr(0, text.find('.') == View::npos ? text.size() : text.find('.') + 1);
  View near = base::nearest(head, known);
  Complaint complaint;
  complaint.hint = did_you_mean(
      std::string(near) + (near.ends_with('.') ? std::string(text.substr(head.size())) : std::string()));
  return complaint;
}

}  // namespace

std::string KeyPart::text() const { return std::string(word(kind)) + name; }

std::string_view KeyPart::kind_text() const noexcept {
  View text = word(kind);
  return text.ends_with('.') ? text.substr(0, text.size() - 1) : text;
}

void describe(Text<KeyPart>& t) {
  t.about(
      "key part",
      "ip, consumer, credential, groups, scopes, route, header.NAME, claim.NAME, cookie.NAME, query.NAME or "
      "path.NAME");
  t.pattern("(ip|consumer|credential|groups|scopes|route|(header|claim|cookie|query|path)\\..+)");
  t.example("consumer");
  t.read(read);
  t.write([](const KeyPart& p) { return p.text(); });
}

}  // namespace sluice::config
