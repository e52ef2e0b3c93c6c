// SPDX-License-Identifier: Apache-2.0
#include "gateway/admin/reply.h"

#include <fmt/format.h>

#include <utility>

#include "gateway/admin/json.h"

namespace sluice::admin {
namespace {

std::string_view phrase(int status) noexcept {
  constexpr std::pair<int, std::string_view> kPhrases[] = {
      {400, "Bad Request"},         {401, "Unauthorized"},
      {403, "Forbidden"},           {404, "Not Found"},
      {405, "Method Not Allowed"},  {409, "Conflict"},
      {413, "Content Too Large"},   {415, "Unsupported Media Type"},
      {421, "Misdirected Request"}, {422, "Unprocessable Content"},
      {501, "Not Implemented"},     {503, "Service Unavailable"},
      {507, "Insufficient Storage"}};
  for (const auto& [number, text] : kPhrases)
    if (number == status) return text;
  return "Error";
}

}  // namespace

Reply problem(int status, std::string_view detail) {
  Reply reply = json_reply(
      status, fmt::format("{{\"type\":\"about:blank\",\"title\":{},\"status\":{},\"detail\":{}}}\n",
                          json_text(phrase(status)), status, json_text(detail)));
  reply.content_type = "application/problem+json";
  return reply;
}

Reply text_reply(std::string body) {
  Reply reply;
  reply.body = std::move(body);
  return reply;
}

Reply json_reply(int status, std::string body) {
  Reply reply;
  reply.status = status;
  reply.content_type = "application/json";
  reply.body = std::move(body);
  return reply;
}

}  // namespace sluice::admin
