// SPDX-License-Identifier: Apache-2.0
// The filter `cors`: says which pages of other origins may use what the route answers (Fetch standard, "CORS
// protocol"). It answers the preflights of browsers itself, before any other filter; of all other responses,
// refusals among them, it replaces what the service says of the kind. Nobody is refused: browsers keep from
// their pages what they were not told to give.
#include <algorithm>
#include <optional>
#include <string>
#include <unordered_set>
#include <vector>

#include "gateway/base/strings.h"
#include "gateway/chain/as_asked.h"
#include "gateway/chain/exchange.h"
#include "gateway/chain/registry.h"
#include "gateway/http/origin.h"
#include "gateway/http/vary.h"

namespace sluice::filters {

struct CorsConfig {
  std::vector<std::string> origins;
  std::vector<std::string> methods = {"GET", "HEAD", "POST"};
  std::vector<std::string> headers;
  std::vector<std::string> expose_headers;
  bool credentials = false;
  config::Duration max_age = std::chrono::minutes(10);
  bool private_network = false;
  bool grpc_web = false;
  bool operator==(const CorsConfig&) const = default;
};

namespace {

using View = std::string_view;

constexpr View kAnyOrigin = "*", kNull = "null", kBehindScheme = "://", kPost = "POST";

bool has_any(const std::vector<std::string>& list) {
  return std::ranges::find(list, kAnyOrigin) != list.end();
}

// With what libraries of gRPC-Web set by themselves.
std::vector<std::string> with_grpc_web(std::vector<std::string> headers) {
  if (has_any(headers)) return headers;
  for (View name : {"Content-Type", "Grpc-Timeout", "X-Grpc-Web", "X-User-Agent"})
    if (std::ranges::none_of(headers, [name](View h) { return base::equal_ignoring_case(h, name); }))
      headers.emplace_back(name);
  return headers;
}

// The hosts below one: `https://*.example.com`. The scheme and what origins must end in, in lower case.
struct Wildcard {
  std::string scheme;  // with "://"
  std::string suffix;  // from the dot on, with a port that is not the scheme's own
};

std::optional<Wildcard> parse_wildcard(View text) {
  std::size_t at = text.find("://*.");
  if (at == View::npos) return std::nullopt;
  // With a name in the star's place it is an origin, whose normal form is that of the pattern.
  auto like = std::string(text.substr(0, at)) + "://x" + std::string(text.substr(at + 4));
  auto origin = http::parse_origin(like);
  if (!origin) return std::nullopt;
  std::string normal = http::origin_text(*origin);
  std::size_t host = normal.find(kBehindScheme) + kBehindScheme.size();
  return Wildcard{normal.substr(0, host), normal.substr(host + 1)};
}

bool fits(const Wildcard& pattern, View origin) noexcept {
  if (!origin.starts_with(pattern.scheme) || !origin.ends_with(pattern.suffix)) return false;
  std::size_t fixed = pattern.scheme.size() + pattern.suffix.size();
  if (origin.size() <= fixed) return false;
  View labels = origin.substr(pattern.scheme.size(), origin.size() - fixed);
  return std::all_of(labels.begin(), labels.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_';
  });
}

std::string refuse_cors_origin(const std::string& text) {
  if (text == kAnyOrigin || text == kNull || http::parse_origin(text) || parse_wildcard(text)) return "";
  return "must be an origin such as https://app.example.com, https://*.example.com, `*` or `null`";
}

std::string refuse_token(const std::string& text) {
  return http::valid_field_name(text) ? "" : "must be a name without blanks, or `*`";
}

}  // namespace

void describe(config::Description<CorsConfig>& d) {
  using namespace config;
  d.about("cors",
          "Lets pages of other origins use what the route answers. Preflights are answered before any other "
          "filter. What services say of CORS themselves is replaced.");
  d.field("origins", &CorsConfig::origins,
          "Origins whose pages may. `https://*.example.com` stands for every host below example.com, `*` for "
          "every page there is. `null`, which is the origin of sandboxed and of local pages, only if listed.",
          required, non_empty, one_or_many, unique, each(config::check(refuse_cors_origin)),
          example("https://app.example.com"),
          example("[\"https://*.example.com\", \"http://localhost:3000\"]"));
  d.field("methods", &CorsConfig::methods, "Methods that pages may use; `*` for every one.", one_or_many,
          unique, non_empty, each(config::check(refuse_token)));
  d.field("headers", &CorsConfig::headers,
          "Request fields that pages may set, beside those that every page may. `*` stands for every one but "
          "Authorization.",
          one_or_many, unique, each(config::check(refuse_token)), example("[Authorization, Content-Type]"));
  d.field("expose_headers", &CorsConfig::expose_headers,
          "Response fields that pages may read, beside the usual ones; `*` for every one.", one_or_many,
          unique, each(config::check(refuse_token)), example("X-Request-ID"));
  d.field("credentials", &CorsConfig::credentials,
          "Pages may send cookies and other credentials of their users along. Nothing may be `*` then.");
  d.field("max_age", &CorsConfig::max_age, "How long browsers remember the answer to a preflight.",
          at_least(std::chrono::seconds(0)));
  d.field("private_network", &CorsConfig::private_network,
          "Pages of the internet may reach this gateway in a private network (Access-Control-Request-"
          "Private-Network).");
  d.field("grpc_web", &CorsConfig::grpc_web,
          "Pages may call gRPC services (filter `grpc_web`): adds Content-Type, Grpc-Timeout, X-Grpc-Web and "
          "X-User-Agent to `headers`.");
  d.check([](const CorsConfig& c, const Site& at) {
    if (has_any(c.origins) && c.origins.size() > 1)
      at.error("origins", "`*` stands for every origin; the others say nothing");
    if (c.grpc_web && !has_any(c.methods) && std::ranges::find(c.methods, kPost) == c.methods.end())
      at.error("methods", "must hold POST with `grpc_web`: calls are made with it");
    if (!c.credentials) return;
    constexpr View kWhy = "must not be `*` with `credentials`: browsers refuse that";
    if (has_any(c.origins))
      at.error("origins", "must not be `*` with `credentials`: every page could act as its user");
    if (std::ranges::find(c.origins, kNull) != c.origins.end())
      at.error("origins", "must not hold `null` with `credentials`: every page can make itself one of it");
    if (has_any(c.methods)) at.error("methods", std::string(kWhy));
    if (has_any(c.headers)) at.error("headers", std::string(kWhy));
    if (has_any(c.expose_headers)) at.error("expose_headers", std::string(kWhy));
  });
}

namespace {

using base::Task;
using chain::Exchange;
using http::FieldId;

constexpr View kPrefix = "Access-Control-";
constexpr View kAllowOrigin = "Access-Control-Allow-Origin";
constexpr View kAllowCredentials = "Access-Control-Allow-Credentials";
constexpr View kRequestHeaders = "Access-Control-Request-Headers";
constexpr View kRequestPrivateNetwork = "Access-Control-Request-Private-Network";

std::string joined(const std::vector<std::string>& list) {
  std::string out;
  for (const auto& text : list) out.append(out.empty() ? "" : ", ").append(text);
  return out;
}

struct Hash {
  using is_transparent = void;
  std::size_t operator()(View text) const noexcept { return std::hash<View>()(text); }
};

class Cors final : public chain::Filter {
 public:
  explicit Cors(const CorsConfig& c)
      : any_(has_any(c.origins)),
        credentials_(c.credentials),
        private_network_(c.private_network),
        methods_(joined(c.methods)),
        headers_(joined(c.grpc_web ? with_grpc_web(c.headers) : c.headers)),
        exposed_(joined(c.expose_headers)),
        max_age_(std::to_string(std::chrono::duration_cast<std::chrono::seconds>(c.max_age).count())) {
    for (const auto& text : c.origins) {
      if (auto wildcard = parse_wildcard(text)) {
        wildcards_.push_back(std::move(*wildcard));
      } else {
        auto origin = http::parse_origin(text);
        exact_.insert(origin ? http::origin_text(*origin) : text);
      }
    }
  }

  void on_preflight(Exchange& ex) const override {
    ex.response.status = 204;
    ex.answered_locally = true;
    auto& fields = ex.response.fields;
    // What caches do with an answer to OPTIONS is not up to us; those that keep it are told what it is for.
    http::add_vary(fields, http::kRequestMethod);
    http::add_vary(fields, kRequestHeaders);
    if (!allow_origin(ex)) return;
    fields.add("Access-Control-Allow-Methods", methods_);
    if (!headers_.empty()) fields.add("Access-Control-Allow-Headers", headers_);
    fields.add("Access-Control-Max-Age", max_age_);
    const http::Field* network = private_network_ ? ex.request.fields.find(kRequestPrivateNetwork) : nullptr;
    if (network && network->value == "true") fields.add("Access-Control-Allow-Private-Network", "true");
  }

  Task<void> on_response(Exchange& ex) const override {
    auto& fields = ex.response.fields;
    for (http::Field& line : fields.lines())
      if (line.id == FieldId::other &&
          base::equal_ignoring_case(line.name.substr(0, kPrefix.size()), kPrefix))
        line.dropped = true;
    if (allow_origin(ex) && !exposed_.empty()) fields.add("Access-Control-Expose-Headers", exposed_);
    return {};
  }

 private:
  // Says that the page may have the response, if it may. True if so.
  bool allow_origin(Exchange& ex) const {
    auto& fields = ex.response.fields;
    if (any_) {  // for every request, so that nothing varies
      fields.add(kAllowOrigin, kAnyOrigin);
      return true;
    }
    http::add_vary(fields, http::field_name(FieldId::origin));
    const auto& asked = chain::client_fields(ex);
    View origin = asked.value(FieldId::origin);
    if (!allowed(origin) || asked.count(FieldId::origin) != 1) return false;
    fields.add(kAllowOrigin, origin);
    if (credentials_) fields.add(kAllowCredentials, "true");
    return true;
  }

  // Browsers write an origin in one way only, so that nothing has to be parsed here.
  bool allowed(View origin) const {
    return exact_.contains(origin) ||
           std::ranges::any_of(wildcards_, [origin](const Wildcard& w) { return fits(w, origin); });
  }

  bool any_, credentials_, private_network_;
  std::string methods_, headers_, exposed_, max_age_;
  std::unordered_set<std::string, Hash, std::equal_to<>> exact_;
  std::vector<Wildcard> wildcards_;
};

const chain::FilterKind<Cors, CorsConfig> kCors{
    "cors", chain::Stage::admit, "Lets pages of other origins use what the route answers.",
    "{origins: \"https://app.example.com\", headers: [Content-Type]}"};

}  // namespace
}  // namespace sluice::filters
