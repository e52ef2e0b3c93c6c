// SPDX-License-Identifier: Apache-2.0
// The filter `headers`: edits the fields of the request on its way to the upstream and of the response on its
// way to the client. Everything that can be found out when the configuration is read is: an edit compares
// known names by number, goes over the lines once to remove and allocates nothing but values with variables
// in the arena.
#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <vector>

#include "gateway/base/strings.h"
#include "gateway/chain/as_asked.h"
#include "gateway/chain/exchange.h"
#include "gateway/chain/field_removal.h"
#include "gateway/chain/field_texts.h"
#include "gateway/chain/registry.h"
#include "gateway/http/hop_by_hop.h"
#include "gateway/http/passing_body.h"

namespace sluice::filters {

struct FieldEdits {
  std::vector<std::string> remove;
  chain::FieldTexts when_absent, set, add;
  bool operator==(const FieldEdits&) const = default;
};

struct HeadersConfig {
  FieldEdits request, response;
  bool operator==(const HeadersConfig&) const = default;
};

namespace {

std::string refuse_glob(const std::string& glob) {
  if (glob.find('*') == std::string::npos) return chain::refuse_field(glob);
  std::string name = glob;
  std::replace(name.begin(), name.end(), '*', 'x');
  return http::valid_field_name(name) ? "" : fmt::format("`{}` can match no name of a header field", glob);
}

}  // namespace

void describe(config::Description<FieldEdits>& d) {
  using namespace config;
  d.about("field_edits", "Edits of the fields of one message, done in the order remove, default, set, add.");
  d.field("remove", &FieldEdits::remove,
          "Names of fields to remove; `*` stands for any characters. Fields of the connection and of the "
          "framing, such as Host and Content-Length, stay even where a pattern fits them. In requests a name "
          "with `_` counts as one with `-`, here and in `set`. What is removed or set is taken from trailers "
          "too, and `Link` from early hints (103).",
          one_or_many, each(check(refuse_glob)), example("[X-Powered-By, X-Internal-*]"));
  d.field("default", &FieldEdits::when_absent, "Fields to add where the message has none of that name.",
          example("{Cache-Control: no-store}"));
  d.field("set", &FieldEdits::set, "Fields to set: one line each, in place of those that were there.",
          example("{X-Client: \"${client.ip}\"}"));
  d.field("add", &FieldEdits::add, "Lines to add, whatever is there.", example("{Vary: Accept-Language}"));
  d.check([](const FieldEdits& e, const Site& at) {
    chain::check_field_texts(e.when_absent, "default", at);
    chain::check_field_texts(e.set, "set", at);
    chain::check_field_texts(e.add, "add", at);
  });
}

void describe(config::Description<HeadersConfig>& d) {
  using namespace config;
  d.about("headers", "Edits header fields. Values may use variables.");
  d.field("request", &HeadersConfig::request, "The request, as the upstream gets it.");
  d.field("response", &HeadersConfig::response, "The response, as the client gets it; local replies too.");
  d.at_least_one({"request", "response"});
}

namespace {

using http::Field;
using http::FieldId;

constexpr FieldId kNamedFields[] = {
#define FIELD_NAME(id, text) FieldId::id,
#include "gateway/http/field_names.def"
#undef FIELD_NAME
};

// Field texts with their names looked up.
class NamedTexts {
 public:
  explicit NamedTexts(const chain::FieldTexts& texts) : texts_(texts) {
    for (const auto& [name, text] : texts_) names_.emplace_back(name);
  }
  NamedTexts(const NamedTexts&) = delete;  // the names lie in the texts
  bool empty() const noexcept { return names_.empty(); }
  http::FieldSet known() const noexcept {
    http::FieldSet out = 0;
    for (const auto& name : names_) out |= http::field_set(name.id);
    return out;
  }
  template <class F>
  void each(F visit) const {
    auto name = names_.begin();
    for (const auto& item : texts_) visit(*name++, item.second);
  }

 private:
  const chain::FieldTexts texts_;
  std::vector<http::FieldName> names_;
};

// The edits of one message, ready to be applied.
class Editor {
 public:
  Editor(const FieldEdits& edits, std::string_view setting, chain::Builder& builder)
      : when_absent_(edits.when_absent), set_(edits.set), add_(edits.add) {
    for (const std::string& glob : edits.remove) will_remove(glob);
    chain::check_captures(edits.when_absent, config::path(setting, "default"), builder);
    chain::check_captures(edits.set, config::path(setting, "set"), builder);
    chain::check_captures(edits.add, config::path(setting, "add"), builder);
  }

  // Fields with names of their own that may not stay as they came.
  http::FieldSet edits() const noexcept {
    return remove_known_ | when_absent_.known() | set_.known() | add_.known();
  }
  // Is there anything that must not be in the message's trailers either?
  bool takes_away() const noexcept { return remove_known_ != 0 || !remove_others_.empty() || !set_.empty(); }
  // May a field of that name not stay as it came?
  bool takes_away(std::string_view name) const noexcept {
    FieldId id = http::field_id(name);
    bool found = id == FieldId::other ? unwanted(name) : (remove_known_ & http::field_set(id)) != 0;
    set_.each([&](const http::FieldName& own, const auto&) {
      found = found || base::equal_ignoring_case(own.text, name);
    });
    return found;
  }
  // Of trailers: some read them as fields of the head, so what is removed there, or has another value, is not
  // to come this way.
  void take_away(http::Fields& fields) const {
    remove(fields);
    set_.each([&](const http::FieldName& name, const auto&) { fields.remove(name); });
  }

  void apply(http::Fields& fields, chain::Exchange& ex) const {
    remove(fields);
    when_absent_.each([&](const auto& name, const auto& text) {
      if (!fields.find(name)) fields.add(name, text.render(ex, chain::Purpose::field));
    });
    set_.each([&](const auto& name, const auto& text) {
      fields.set(name, text.render(ex, chain::Purpose::field));
    });
    add_.each([&](const auto& name, const auto& text) {
      fields.add(name, text.render(ex, chain::Purpose::field));
    });
  }

 private:
  // A pattern is compared with the known names here, so that only unknown ones remain for each message.
  void will_remove(const std::string& glob) {
    for (FieldId id : kNamedFields)
      if (!http::connection_level(id) && base::glob_match(glob, http::field_name(id)))
        remove_known_ |= http::field_set(id);
    bool known_name = glob.find('*') == std::string::npos && http::field_id(glob) != FieldId::other;
    if (!known_name) remove_others_.push_back(glob);
  }

  void remove(http::Fields& fields) const {
    fields.remove_all(remove_known_);
    if (remove_others_.empty()) return;
    for (Field& line : fields.lines()) {
      if (line.dropped || line.id != FieldId::other) continue;
      line.dropped = unwanted(line.name);
      if (fields.has_lookalikes() && !line.dropped)
        line.dropped = unwanted(dashed(line.name, fields.arena()));
    }
  }
  bool unwanted(std::string_view name) const noexcept {
    return std::any_of(remove_others_.begin(), remove_others_.end(),
                       [name](const std::string& glob) { return base::glob_match(glob, name); });
  }
  // As servers of the CGI family read it.
  static std::string_view dashed(std::string_view name, base::Arena& arena) {
    char* out = arena.chars(name.size());
    std::transform(name.begin(), name.end(), out, http::cgi_char);
    return {out, name.size()};
  }

  http::FieldSet remove_known_ = 0;
  std::vector<std::string> remove_others_;
  NamedTexts when_absent_, set_, add_;
};

// A body whose trailers have nothing of what the editor takes away. The editor must outlive it.
class EditedBody final : public http::PassingBody {
 public:
  EditedBody(http::BodyPtr source, const Editor& editor, base::Arena& arena) noexcept
      : PassingBody(std::move(source)), editor_(editor), arena_(arena) {}

 private:
  base::Result<http::Piece> pass(base::Result<http::Piece> piece) override {
    if (!piece || !piece->trailers) return piece;
    auto* kept = arena_.make<http::Fields>(arena_);
    kept->add_all(*piece->trailers);
    editor_.take_away(*kept);
    piece->trailers = kept;
    return piece;
  }

  const Editor& editor_;
  base::Arena& arena_;
};

class HeadersFilter final : public chain::Filter, public chain::FieldRemoval {
 public:
  HeadersFilter(const HeadersConfig& c, chain::Builder& builder)
      : request_(c.request, "request", builder), response_(c.response, "response", builder) {
    for (const auto* edits : {&c.request.when_absent, &c.request.set, &c.request.add})
      chain::note_identity(*edits, builder);
  }

  base::Task<chain::Step> on_request(chain::Exchange& ex) const override {
    if (edits_read_later_) chain::keep_fields(ex);
    request_.apply(ex.request.fields, ex);
    if (ex.request.upgrade.empty()) edit_trailers(ex.request_body, ex.request.version, request_, ex);
    ex.hides_links |= hides_links_;
    return chain::Step::next;
  }
  bool removes(std::string_view field_name) const noexcept override {
    return request_.takes_away(field_name);
  }
  base::Task<void> on_response(chain::Exchange& ex) const override {
    {
      chain::AsAsked as_asked(ex);
      response_.apply(ex.response.fields, ex);
    }
    if (ex.response.status != 101) edit_trailers(ex.response_body, ex.response.version, response_, ex);
    return {};
  }

 private:
  // Only chunks and HTTP/2 have room for trailers.
  static void edit_trailers(http::BodyPtr& body, http::Version version, const Editor& editor,
                            chain::Exchange& ex) {
    if (!body || !editor.takes_away() || (version != http::Version::http_2 && body->length())) return;
    body = http::make_body<EditedBody>(ex.arena, std::move(body), editor, ex.arena);
  }

  Editor request_, response_;
  bool edits_read_later_ = (request_.edits() & chain::kReadLater) != 0;
  bool hides_links_ = response_.takes_away("Link");
};

const chain::FilterKind<HeadersFilter, HeadersConfig> kHeaders{
    "headers", chain::Stage::shape, "Edits header fields of requests and responses.",
    "{request: {set: {X-Client: \"${client.ip}\"}}, response: {remove: [X-Powered-By]}}"};

}  // namespace
}  // namespace sluice::filters
