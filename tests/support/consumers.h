// SPDX-License-Identifier: Apache-2.0
// Consumers: a table of consumers from the YAML that an operator would write.
//
//   Consumers known("[{name: acme, api_keys: [...]}]");
//   fake.ex.consumers = &known.table;
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "gateway/base/hex.h"
#include "gateway/chain/consumer.h"
#include "gateway/chain/consumer_config.h"
#include "gateway/config/bind.h"
#include "gateway/config/load.h"
#include "gateway/jose/digest.h"

namespace sluice::test {

struct ConsumersText {
  std::vector<chain::ConsumerConfig> consumers;
  bool operator==(const ConsumersText&) const = default;
};
inline void describe(config::Description<ConsumersText>& d) {
  d.about("consumers_text", "Consumers.");
  d.field("consumers", &ConsumersText::consumers, "Consumers.");
}

class Consumers {
 public:
  explicit Consumers(std::string_view list)
      : document_(config::parse("consumers: " + std::string(list), diagnostics_)),
        written_(config::bind<ConsumersText>(document_, diagnostics_)),
        table(written_.consumers, config::Report(document_, diagnostics_)) {}

  std::string problems() const { return diagnostics_.text(); }

 private:
  config::Diagnostics diagnostics_;
  config::Document document_;
  ConsumersText written_;

 public:
  chain::ConsumerTable table;
};

// "sha256:..." of an API key, as it stands in the configuration.
inline std::string digest_of(std::string_view key) {
  return "sha256:" + base::to_hex(jose::view(jose::sha256(key)));
}

}  // namespace sluice::test
