// SPDX-License-Identifier: Apache-2.0
#include "gateway/admin/reply.h"

#include <fmt/format.h>

#include <utility>

#include "gateway/admin/json.h"
#include "gateway/http/head.h"

namespace sluice::admin {

Reply problem(int status, std::string_view detail) {
  Reply reply = json_reply(
      status, fmt::format("{{\"type\":\"about:blank\",\"title\":{},\"status\":{},\"detail\":{}}}\n",
                          json_text(http::status_phrase(status)), status, json_text(detail)));
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
