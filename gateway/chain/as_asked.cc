// SPDX-License-Identifier: Apache-2.0
#include "gateway/chain/as_asked.h"

#include "gateway/chain/escape.h"

namespace sluice::chain {
namespace {

RequestLine line_of(const http::RequestHead& head) noexcept {
  return {head.method, head.has_query, head.method_text, head.path, head.query};
}

void put_line(const RequestLine& line, http::RequestHead& head) noexcept {
  head.method = line.method;
  head.has_query = line.has_query;
  head.method_text = line.method_text;
  head.path = line.path;
  head.query = line.query;
}

}  // namespace

void keep_line(Exchange& ex) {
  if (!ex.kept_line) ex.kept_line = ex.arena.make<RequestLine>(line_of(ex.request));
}

void keep_fields(Exchange& ex) {
  if (ex.kept_fields) return;
  auto* kept = ex.arena.make<http::Fields>(ex.arena);
  for (const http::Field& line : ex.request.fields.lines())
    if (!line.dropped && (kReadLater & http::field_set(line.id)) != 0) kept->add(line.id, line.value);
  ex.kept_fields = kept;
}

void hide_parameter(Exchange& ex, std::string_view name) {
  std::string_view& target = ex.request.target;
  const std::size_t mark = target.find('?');
  if (mark == target.npos) return;
  auto query = target.substr(mark + 1), rest = without_parameter(query, name, ex.arena);
  if (rest.size() == query.size()) return;
  target = rest.empty() ? target.substr(0, mark) : ex.arena.join(target.substr(0, mark), "?", rest);
}

void take_parameter(Exchange& ex, std::string_view name) {
  auto take = [&](auto& line) {
    auto rest = without_parameter(line.query, name, ex.arena);
    if (rest.size() == line.query.size()) return;
    line.query = rest;
    line.has_query = !rest.empty();
  };
  take(ex.request);
  if (ex.kept_line) take(*ex.kept_line);
}

RequestLine client_line(const Exchange& ex) noexcept {
  return ex.kept_line ? *ex.kept_line : line_of(ex.request);
}

AsAsked::AsAsked(Exchange& ex) noexcept {
  if (!ex.kept_line) return;
  edited_ = &ex.request;
  line_ = line_of(ex.request);
  put_line(*ex.kept_line, ex.request);
}

AsAsked::~AsAsked() {
  if (edited_) put_line(line_, *edited_);
}

}  // namespace sluice::chain
