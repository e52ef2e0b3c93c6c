// SPDX-License-Identifier: Apache-2.0
// Redirect: the handler that sends the client elsewhere. The settings are here because a listener may have
// them too (`redirect: https`).
#pragma once
#include <cstdint>
#include <optional>
#include <string>

#include "gateway/chain/builder.h"
#include "gateway/chain/filter.h"
#include "gateway/chain/template.h"
#include "gateway/config/describe.h"

namespace sluice::handlers {

struct RedirectConfig {
  enum class Scheme : std::uint8_t { http, https };

  std::optional<chain::Template> to;
  std::optional<Scheme> scheme;
  std::optional<std::string> host;
  std::optional<std::uint16_t> port;
  std::optional<chain::Template> path;
  std::optional<std::uint16_t> status;
  bool operator==(const RedirectConfig&) const = default;
};
void describe(config::Enumeration<RedirectConfig::Scheme>& e);
void describe(config::Description<RedirectConfig>& d);

class Redirect final : public chain::Handler {
 public:
  Redirect(const RedirectConfig& config, chain::Builder& builder);
  base::Task<base::Result<void>> answer(chain::Exchange& ex) const override;

 private:
  base::Result<std::string_view> location(chain::Exchange& ex) const;
  std::string_view origin(chain::Exchange& ex) const;
  std::string_view path_and_query(chain::Exchange& ex) const;

  RedirectConfig config_;
  int status_;
  bool to_has_variables_in_authority_ = false;
};

}  // namespace sluice::handlers
