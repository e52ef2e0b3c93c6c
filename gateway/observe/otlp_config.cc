// SPDX-License-Identifier: Apache-2.0
#include "gateway/observe/otlp_config.h"

#include "gateway/http/fields.h"

namespace sluice::observe {
namespace {

// Fields of the head that are not the operator's: a second one would be sent, or the request not understood.
bool is_ours(std::string_view name) noexcept {
  auto id = http::field_id(name);
  return id == http::FieldId::host || id == http::FieldId::content_length ||
         id == http::FieldId::transfer_encoding || id == http::FieldId::connection ||
         id == http::FieldId::content_type;
}

}  // namespace

void describe(config::Description<OtlpConfig>& d) {
  using namespace config;
  using namespace std::chrono_literals;
  d.about("otlp",
          "Lines of the log as log records of OpenTelemetry, sent to a collector by OTLP over HTTP, in JSON. "
          "Lines wait in `buffer` while the collector is slow or down.");
  d.field("endpoint", &OtlpConfig::endpoint, "The collector's URL. Without a path, `/v1/logs` is asked for.",
          required, pattern("https?://.+", "a URL such as http://collector:4318"),
          example("http://collector:4318"));
  d.field("headers", &OtlpConfig::headers, "Header fields to send along, such as one with a key.",
          example("{authorization: \"${env:OTLP_KEY}\"}"));
  d.field("ca", &OtlpConfig::ca, "PEM of the authorities by which the collector is believed.",
          default_is("the system's"), example("${file:ca.pem}"));
  d.field("service_name", &OtlpConfig::service_name, "The resource's attribute `service.name`.", non_empty);
  d.field("resource", &OtlpConfig::resource, "Further attributes of the resource.",
          example("{deployment.environment.name: production}"));
  d.field("batch", &OtlpConfig::batch, "Records in a request, at most.", between(1u, 10'000u));
  d.field("interval", &OtlpConfig::interval, "How long a record waits for others, at most.",
          between(100ms, 60s));
  d.field("timeout", &OtlpConfig::timeout, "For each request to the collector.", between(100ms, 60s));
  d.field(
      "retry_for", &OtlpConfig::retry_for,
      "How long the same records are tried again while the collector cannot be reached or asks for patience "
      "(429, 502, 503, 504). Then they are dropped.",
      between(1s, 1h));
  d.shorthand(&OtlpConfig::endpoint);
  d.check([](const OtlpConfig& c, const Site& at) {
    for (const auto& [name, value] : c.headers) {
      if (!http::valid_field_name(name) || is_ours(name))
        at.error(path("headers", name), "is no header field that can be set here");
      else if (!http::valid_field_value(value.value))
        at.error(path("headers", name), "has a value with characters that cannot be sent");
    }
    if (c.resource.find("service.name"))
      at.error(path("resource", "service.name"), "is said by `service_name`");
  });
}

}  // namespace sluice::observe
