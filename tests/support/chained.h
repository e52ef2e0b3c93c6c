// SPDX-License-Identifier: Apache-2.0
// Chained: a filter from YAML as the only one of a chain that ends in 204, for those that need a chain around
// them.
#pragma once
#include <memory>
#include <string>
#include <string_view>

#include "gateway/base/strings.h"

#include "tests/support/fake_builder.h"
#include "tests/support/fake_stream.h"

namespace sluice::test {

class Chained {
 public:
  explicit Chained(std::string_view yaml) : built_(filter(yaml)), problems(built_.problems) {
    if (problems.empty())
      chain_ = std::make_unique<chain::Chain>(std::vector<chain::Link>{{built_.made, built_.hooks, "policy"}},
                                              std::make_shared<NoContent>());
  }
  // The status of the answer.
  int ask(FakeExchange& fake) const {
    fake.run(chain_->run(fake.ex));
    return fake.response().status;
  }

 private:
  struct NoContent final : chain::Handler {
    base::Task<base::Result<void>> answer(chain::Exchange& ex) const override {
      ex.response.status = 204;
      return base::Result<void>();
    }
  };
  Built<chain::Filter> built_;
  std::unique_ptr<chain::Chain> chain_;

 public:
  std::string problems;
};

// The values of all lines of that name, separated by " | ".
inline std::string values(const http::Fields& fields, std::string_view name) {
  std::string out;
  for (const http::Field& f : fields.lines())
    if (!f.dropped && base::equal_ignoring_case(f.name, name))
      out.append(out.empty() ? "" : " | ").append(f.value);
  return out;
}

}  // namespace sluice::test
