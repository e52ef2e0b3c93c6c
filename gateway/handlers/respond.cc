// SPDX-License-Identifier: Apache-2.0
// The handler `respond`: answers with what the configuration says, without asking anybody. For health checks,
// stubs, texts and small files.
#include <fmt/format.h>

#include <optional>
#include <string>

#include "gateway/base/strings.h"
#include "gateway/chain/as_asked.h"
#include "gateway/chain/exchange.h"
#include "gateway/chain/field_texts.h"
#include "gateway/chain/registry.h"
#include "gateway/config/load.h"

namespace sluice::handlers {

struct RespondConfig {
  std::uint16_t status = 200;
  chain::FieldTexts headers;
  std::optional<chain::Template> body;
  std::optional<config::Json> json;
  std::optional<std::string> file, text_file;
  std::optional<std::string> content_type;
  bool operator==(const RespondConfig&) const = default;

  static chain::AnswerFrom answer_from() noexcept { return chain::AnswerFrom::gateway; }
};

namespace {

using chain::Purpose;

constexpr std::size_t kLargestFile = 16U << 20;
constexpr std::size_t kLargestTemplate = 1U << 20;

bool without_body(int status) noexcept { return status == 204 || status == 205 || status == 304; }

std::string refuse_content_type(const std::string& type) {
  return !type.empty() && http::valid_field_value(type) ? "" : "must be a media type such as text/plain";
}

void check_respond(const RespondConfig& c, const config::Site& at) {
  chain::check_field_texts(c.headers, "headers", at);
  for (const auto& [name, text] : c.headers)
    if (http::field_id(name) == http::FieldId::content_type)
      at.error(config::path("headers", name), "the type of the body is a setting of its own",
               "use `content_type`");
  bool has_body = c.body || c.json || c.file || c.text_file;
  if (has_body && without_body(c.status))
    at.error("status", fmt::format("a response with the status {} has no body", c.status));
  if (c.content_type && !has_body) at.error("content_type", "there is no body whose type this could be");
  if (!c.json) return;
  auto compiled = chain::Template::compile(c.json->text);
  if (auto* fault = std::get_if<chain::Template::Fault>(&compiled))
    at.error("json", fault->message, fault->hint);
}

}  // namespace

void describe(config::Description<RespondConfig>& d) {
  using namespace config;
  d.about("respond", "Answers with a fixed response. Texts may use variables.");
  d.field("status", &RespondConfig::status, "The status.", between(200, 599));
  d.field("headers", &RespondConfig::headers, "Header fields.", example("{Cache-Control: no-store}"));
  d.field("body", &RespondConfig::body,
          "The body. The values of variables are escaped as its type demands: HTML and XML, JSON (inside "
          "strings), or not at all.",
          example("\"hello, ${client.ip}\""));
  d.field("json", &RespondConfig::json,
          "The body as a value that is sent as JSON. Its texts may use variables.", example("{ok: true}"));
  d.field("file", &RespondConfig::file,
          "The body is this file, as it was when the configuration was loaded; at most 16 MiB, no variables. "
          "Relative to this file.",
          non_empty, example("/srv/maintenance.html"));
  d.field(
      "template", &RespondConfig::text_file,
      "The body is the text of this file, as it was when the configuration was loaded, at most 1 MiB. It may "
      "use variables, escaped as those of `body`. Relative to this file.",
      non_empty, example("/srv/status.html"));
  d.field("content_type", &RespondConfig::content_type, "The media type of the body.",
          default_is("text/plain, application/json, or by the ending of the file's name"),
          config::check(refuse_content_type), example("text/html; charset=utf-8"));
  d.at_most_one({"body", "json", "file", "template"});
  d.shorthand(&RespondConfig::status);
  d.check(check_respond);
}

namespace {

constexpr std::pair<std::string_view, std::string_view> kTypes[] = {
    {".html", "text/html; charset=utf-8"},
    {".htm", "text/html; charset=utf-8"},
    {".txt", "text/plain; charset=utf-8"},
    {".css", "text/css; charset=utf-8"},
    {".js", "text/javascript; charset=utf-8"},
    {".json", "application/json"},
    {".xml", "application/xml"},
    {".svg", "image/svg+xml"},
    {".png", "image/png"},
    {".jpg", "image/jpeg"},
    {".ico", "image/x-icon"},
    {".wasm", "application/wasm"},
    {".pdf", "application/pdf"},
    {".yaml", "application/yaml"},
};

std::string type_of_file(std::string_view path) {
  std::string lower = base::to_lower(path);
  for (const auto& [ending, type] : kTypes)
    if (lower.ends_with(ending)) return std::string(type);
  return "application/octet-stream";
}

Purpose purpose_of(std::string_view content_type) {
  std::string type = base::to_lower(content_type);
  if (type.find("json") != std::string::npos) return Purpose::json;
  bool markup = type.find("html") != std::string::npos || type.find("xml") != std::string::npos;
  return markup ? Purpose::html : Purpose::text;
}

// The whole file, or "" and a complaint at that setting.
std::string read_file(std::string_view setting, const std::string& written, std::size_t largest,
                      chain::Builder& builder) {
  std::string path = builder.resolved(setting, written);
  auto read = config::system_environment().read(path, largest);
  if (!read.text) builder.error(setting, fmt::format("{} cannot be read: {}", path, read.error));
  return std::move(read.text).value_or("");
}

class Respond final : public chain::Handler {
 public:
  Respond(const RespondConfig& c, chain::Builder& builder) : status_(c.status), headers_(c.headers) {
    chain::check_captures(headers_, "headers", builder);
    if (c.body) {
      content_type_ = "text/plain; charset=utf-8";
      body_ = *c.body;
      chain::check_captures(body_, "body", builder);
    } else if (c.json) {
      content_type_ = "application/json";
      auto compiled = chain::Template::compile(c.json->text);
      if (auto* json = std::get_if<chain::Template>(&compiled)) body_ = std::move(*json);
      chain::check_captures(body_, "json", builder);
    } else if (c.file) {
      content_type_ = type_of_file(*c.file);
      file_ = read_file("file", *c.file, kLargestFile, builder);
    } else if (c.text_file) {
      content_type_ = type_of_file(*c.text_file);
      compile(read_file("template", *c.text_file, kLargestTemplate, builder), builder);
      chain::check_captures(body_, "template", builder);
    }
    if (c.content_type) content_type_ = *c.content_type;
    purpose_ = c.json ? Purpose::json : purpose_of(content_type_);
  }

  base::Task<base::Result<void>> answer(chain::Exchange& ex) const override {
    chain::AsAsked as_asked(ex);
    http::ResponseHead& head = ex.response;
    head.status = status_;
    head.reason = {};
    head.fields.clear();
    if (!content_type_.empty()) head.fields.add(http::FieldId::content_type, content_type_);
    for (const auto& [name, text] : headers_) head.fields.add(name, text.render(ex, Purpose::field));
    std::string_view body = file_.empty() ? body_.render(ex, purpose_) : std::string_view(file_);
    if (!body.empty()) ex.response_body = http::make_body<http::TextBody>(ex.arena, body);
    ex.answered_locally = true;
    return base::Result<void>();
  }

 private:
  void compile(std::string_view text, chain::Builder& builder) {
    auto compiled = chain::Template::compile(text);
    if (auto* made = std::get_if<chain::Template>(&compiled)) {
      body_ = std::move(*made);
      return;
    }
    const auto& fault = std::get<chain::Template::Fault>(compiled);
    builder.error("template",
                  fmt::format("{} (at character {} of the file)", fault.message, fault.offset + 1),
                  fault.hint);
  }

  int status_;
  chain::FieldTexts headers_;
  std::string content_type_;
  chain::Template body_;
  std::string file_;
  Purpose purpose_ = Purpose::text;
};

const chain::HandlerKind<Respond, RespondConfig> kRespond{"respond",
                                                          "Answers with a fixed response.",
                                                          "{status: 200, json: {ok: true}}",
                                                          {},
                                                          {"rewrite", "query", "method"}};

}  // namespace
}  // namespace sluice::handlers
