// SPDX-License-Identifier: Apache-2.0
#include "gateway/server/otlp_http.h"

#include <utility>

namespace sluice::server {

OtlpHttp::OtlpHttp(const observe::OtlpConfig& config, net::DnsOptions dns) : loop_(std::move(dns)) {
  auto url = upstream::parse_web_url(config.endpoint).value_or(upstream::WebUrl());
  if (url.target == "/") url.target = observe::kOtlpLogsPath;
  where_ = url.origin.text() + url.target.substr(0, url.target.find('?'));
  request_ = request_for(url);
  request_.accept = request_.content_type = "application/json";
  request_.ca = config.ca;
  request_.any_status = true;
  for (const auto& [name, value] : config.headers) request_.fields.emplace_back(name, value.value);
  limits_.time = std::chrono::ceil<std::chrono::milliseconds>(config.timeout);
}

void OtlpHttp::post(std::string body, std::function<void(observe::OtlpAnswer)> done) {
  auto before = std::exchange(fetching_, nullptr);
  FetchRequest request = request_;
  request.body = std::move(body);
  fetching_ = loop_.start(
      std::move(request),
      [done = std::move(done)](base::Result<Fetched> fetched) {
        observe::OtlpAnswer answer;
        if (fetched) {
          answer.status = fetched->status;
          answer.body = std::move(fetched->body);
          answer.retry_after = std::move(fetched->retry_after);
        } else {
          answer.error = fetched.error().detail;
        }
        done(std::move(answer));
      },
      limits_);
}

}  // namespace sluice::server
