// SPDX-License-Identifier: Apache-2.0
// The filter `method`: changes the method that the upstream gets: to a fixed one, or to the one that a client
// names in a field because something on its way knows GET and POST only. The route was chosen by the method
// that the client used, so what it may become is listed.
#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "gateway/base/strings.h"
#include "gateway/chain/as_asked.h"
#include "gateway/chain/exchange.h"
#include "gateway/chain/local_reply.h"
#include "gateway/chain/registry.h"
#include "gateway/http/hop_by_hop.h"

namespace sluice::filters {

struct MethodConfig {
  std::optional<std::string> set;
  std::optional<std::string> from_header;
  std::vector<std::string> allow;
  bool operator==(const MethodConfig&) const = default;
};

namespace {

// HEAD decides whether a response has a body, for the client too; CONNECT and TRACE are no requests to a
// service.
std::string refuse_method(const std::string& text) {
  auto method = http::method(text);
  if (!http::valid_field_name(text)) return fmt::format("`{}` is no method", text);
  if (method == http::Method::head || method == http::Method::connect || method == http::Method::trace)
    return fmt::format("a request cannot become {}", text);
  bool lower = std::ranges::any_of(text, [](char c) { return c >= 'a' && c <= 'z'; });
  return lower ? "methods are case-sensitive; nearly all are written in capitals" : "";
}

std::string refuse_header(const std::string& name) {
  if (!http::valid_field_name(name)) return fmt::format("`{}` is no name of a header field", name);
  return "";
}

}  // namespace

void describe(config::Description<MethodConfig>& d) {
  using namespace config;
  d.about("method", "Changes the method that the upstream gets. HEAD stays what it is.");
  d.field("set", &MethodConfig::set, "The method, whatever the client's is.", check(refuse_method),
          example("POST"));
  d.field("from_header", &MethodConfig::from_header,
          "The request field in which a client names the method that it means by its POST. The field is "
          "removed.",
          check(refuse_header), example("X-HTTP-Method-Override"));
  d.field(
      "allow", &MethodConfig::allow,
      "Methods that may stand there; others are refused with 400. The route was chosen by the method that "
      "the client used.",
      one_or_many, min_items(1), each(check(refuse_method)), example("[PUT, PATCH, DELETE]"));
  d.exactly_one({"set", "from_header"});
  d.shorthand(&MethodConfig::set);
  d.check([](const MethodConfig& c, const Site& at) {
    if (c.from_header && c.allow.empty())
      at.error("from_header", "needs a list of what may stand there", "write `allow: [PUT, PATCH, DELETE]`");
    if (c.set && !c.allow.empty()) at.error("allow", "is for `from_header`");
  });
}

namespace {

using chain::Exchange;
using chain::Step;

class MethodFilter final : public chain::Filter {
 public:
  explicit MethodFilter(const MethodConfig& c)
      : set_(c.set.value_or("")), header_(c.from_header.value_or("")), allow_(c.allow) {}

  base::Task<Step> on_request(Exchange& ex) const override {
    std::optional<std::string_view> named;
    if (!header_.empty()) {
      if (const http::Field* line = ex.request.fields.find(header_)) named = line->value;
      // Whatever becomes of it here, nobody behind reads it; names that some servers take for it go too.
      ex.request.fields.remove(header_);
    }
    if (ex.request.method == http::Method::head || ex.request.method == http::Method::connect ||
        !ex.request.upgrade.empty())
      return Step::next;
    if (header_.empty()) {
      use(ex, set_);
      return Step::next;
    }
    if (!named || ex.request.method != http::Method::post) return Step::next;
    auto allowed = std::ranges::find(allow_, *named);
    if (allowed == allow_.end())
      return chain::reply(ex, base::Reason::validation, header_ + " names a method that is not allowed");
    use(ex, *allowed);
    return Step::next;
  }

 private:
  static void use(Exchange& ex, std::string_view method) {
    chain::keep_line(ex);
    ex.request.method = http::method(method);
    ex.request.method_text = method;
  }

  std::string set_;
  std::string header_;
  std::vector<std::string> allow_;
};

const chain::FilterKind<MethodFilter, MethodConfig> kMethod{
    "method", chain::Stage::shape, "Changes the method that the upstream gets.",
    "{from_header: X-HTTP-Method-Override, allow: [PUT, PATCH, DELETE]}"};

}  // namespace
}  // namespace sluice::filters
