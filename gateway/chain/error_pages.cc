// SPDX-License-Identifier: Apache-2.0
#include "gateway/chain/error_pages.h"

#include <fmt/format.h>

#include <algorithm>

#include "gateway/base/strings.h"
#include "gateway/chain/as_asked.h"
#include "gateway/chain/escape.h"
#include "gateway/chain/exchange.h"
#include "gateway/chain/request_id.h"
#include "gateway/http/accept.h"
#include "gateway/http/coding.h"
#include "gateway/http/grpc.h"
#include "gateway/http/vary.h"

namespace sluice::chain {
namespace {

using http::FieldId;

struct Statuses {
  int first = 0, last = 0;
};

// 404, or 4xx; 0 for what is neither.
Statuses statuses_of(std::string_view key) noexcept {
  if (key == "4xx") return {400, 499};
  if (key == "5xx") return {500, 599};
  auto number = key.size() == 3 ? base::parse_decimal(key) : std::nullopt;
  if (!number || *number < 400 || *number > 599) return {};
  return {static_cast<int>(*number), static_cast<int>(*number)};
}

bool is_class(const Statuses& s) noexcept { return s.first != s.last; }

}  // namespace

void describe(config::Description<ErrorPageConfig>& d) {
  using namespace config;
  d.about("error_page",
          "What clients get with an error. Texts may use variables, among them ${error.status}, "
          "${error.title} and ${error.reason}; their values are escaped for HTML or JSON.");
  d.field("html", &ErrorPageConfig::html,
          "The page for those who would rather have HTML than JSON, which is what browsers say.",
          example("\"<h1>${error.title}</h1><p>${request.id}</p>\""));
  d.field("file", &ErrorPageConfig::file,
          "The same from a file, relative to the configuration's, as it was when that was loaded.", non_empty,
          example("pages/500.html"));
  d.field("problem", &ErrorPageConfig::problem,
          "The document for everybody else (RFC 9457), sent as application/problem+json.",
          default_is("the gateway's own"),
          example("{type: about:blank, title: \"${error.title}\", instance: \"${request.id}\"}"));
  d.field("status", &ErrorPageConfig::status,
          "The status that clients get. Log and metrics tell the one that it was.", default_is("the same"),
          between(200, 599), example("503"));
  d.field("intercept", &ErrorPageConfig::intercept,
          "Also for errors that an upstream answers with, whose body is dropped. Otherwise only for the "
          "gateway's own.");
  d.at_most_one({"html", "file"});
  d.shorthand(&ErrorPageConfig::file);
}

void check_error_pages(const ErrorPagesConfig& pages, std::string_view setting, const config::Site& at) {
  for (const auto& [key, page] : pages) {
    std::string path(setting);
    config::append(path, key);
    if (statuses_of(key).first == 0)
      at.error(path, fmt::format("`{}` is no status of an error", key), "write 404, 4xx or 5xx");
    if (page.status == 204 || page.status == 205 || page.status == 304) {
      config::append(path, "status");
      at.error(path, fmt::format("a {} has no body, and so no page", *page.status));
    } else if (!page.html && !page.file && !page.problem && !page.status && !page.intercept)
      at.error(path, "says nothing", "give it `html`, `file`, `problem` or `status`");
  }
}

ErrorPages::ErrorPages(const ErrorPagesConfig& config, const std::vector<std::string>& captures,
                       const Source& source) {
  auto compiled = [&](std::string_view text, const std::string& at) -> std::optional<Template> {
    auto made = Template::compile(text);
    if (auto* fault = std::get_if<Template::Fault>(&made)) {
      source.complain(at, fmt::format("{} (at character {})", fault->message, fault->offset + 1),
                      fault->hint);
      return std::nullopt;
    }
    auto& page = std::get<Template>(made);
    for (std::string_view name : page.captures())
      if (std::ranges::find(captures, name) == captures.end())
        source.complain(at, fmt::format("no path here captures `{}`", name), {});
    return std::move(page);
  };
  for (const auto& [key, written] : config) {
    auto statuses = statuses_of(key);
    std::string at;
    config::append(at, key);
    Page page{statuses.first, statuses.last, {}, {}, written.status.value_or(0), written.intercept};
    if (written.html) page.html = compiled(written.html->text(), at + ".html");
    if (written.file)
      if (auto text = source.read(at + ".file", *written.file)) page.html = compiled(*text, at + ".file");
    if (written.problem) page.problem = compiled(written.problem->text, at + ".problem");
    pages_.push_back(std::move(page));
  }
  std::ranges::stable_sort(pages_, {}, [](const Page& p) { return is_class({p.first, p.last}); });
}

void ErrorPages::fall_back_on(const ErrorPages* defaults) {
  if (defaults) pages_.insert(pages_.end(), defaults->pages_.begin(), defaults->pages_.end());
}

const ErrorPages::Page* ErrorPages::find(int status) const noexcept {
  for (const Page& page : pages_)
    if (status >= page.first && status <= page.last) return &page;
  return nullptr;
}

namespace {

// Did somebody mean the body that is there? The gateway's own reasons are for want of a better page, and so
// is a response without a body; other answers are an upstream's or the operator's.
bool replaceable(const Exchange& ex) noexcept {
  return ex.answered_locally && (ex.reason != base::Reason::none || !ex.response_body);
}

bool wants_html(const http::Fields& request) noexcept {
  auto html = http::wanted(request, "text/html");
  auto problem = http::wanted(request, "application/problem+json");
  auto json = http::wanted(request, "application/json");
  if (html.quality == 0) return false;
  int other = std::max(problem.quality, json.quality);
  if (html.quality != other) return html.quality > other;
  return html.named && !problem.named && !json.named;
}

// What described the body that was there.
void drop_description(http::Fields& fields) {
  for (std::string_view name :
       {"Content-Type", "Content-Length", "Content-Encoding", "Content-Language", "Content-Range",
        "Content-Disposition", "Content-Location", "Accept-Ranges", "ETag", "Last-Modified", "Trailer"})
    fields.remove(name);
  http::remove_digests(fields);
}

// A document for an upstream's error, whose own one was dropped.
std::string_view plain_problem(Exchange& ex, int status) {
  auto phrase = http::status_phrase(status);
  std::string_view id = request_id(ex);
  char* escaped = ex.arena.chars(id.size() * kWorstEscape);
  char* end = write_json(escaped, id);
  std::string number = std::to_string(status);
  return ex.arena.join(R"({"type":"about:blank","title":")", phrase.empty() ? "Error" : phrase,
                       R"(","status":)", number, R"(,"instance":")",
                       std::string_view(escaped, static_cast<std::size_t>(end - escaped)), "\"}\n");
}

void put(Exchange& ex, std::string_view type, std::string_view body) {
  if (ex.response_body) ex.response_body->abandon();
  drop_description(ex.response.fields);
  ex.response.fields.add(FieldId::content_type, type);
  ex.response_body = http::make_body<http::TextBody>(ex.arena, body);
}

}  // namespace

void ErrorPages::apply(Exchange& ex) const {
  const int status = ex.response.status;
  const Page* page = status >= 400 ? find(status) : nullptr;
  if (!page || (!page->intercept && !replaceable(ex)) || http::is_grpc(ex.request.fields)) return;
  bool html = page->html && wants_html(client_fields(ex));
  AsAsked as_asked(ex);
  // Rendered before the head changes, which the variables read.
  if (html) {
    put(ex, "text/html; charset=utf-8", page->html->render(ex, Purpose::html));
  } else if (page->problem) {
    put(ex, "application/problem+json", page->problem->render(ex, Purpose::json));
  } else if (!replaceable(ex) || !ex.response_body) {
    put(ex, "application/problem+json", plain_problem(ex, status));
  }
  if (page->html) http::add_vary(ex.response.fields, "Accept");
  if (page->status == 0 || page->status == status) return;
  ex.replaced_status = status;
  ex.response.status = page->status;
  ex.response.reason = {};
}

}  // namespace sluice::chain
