// SPDX-License-Identifier: Apache-2.0
// Example: a request in the making, that shows an operator what a finding is about: it starts as method, host
// and path, and conditions add what they want to see. Owns its bytes; used while tables are built.
#pragma once
#include <string>
#include <string_view>

#include "gateway/base/arena.h"
#include "gateway/http/head.h"

namespace sluice::routing {

class Example {
 public:
  Example(std::string_view method, std::string_view host, std::string_view path);
  Example(const Example&) = delete;

  void add_field(std::string_view name, std::string_view value);
  // Neither text is encoded yet.
  void add_parameter(std::string_view name, std::string_view value);
  void add_cookie(std::string_view name, std::string_view value);

  const http::RequestHead& head() const noexcept { return head_; }
  // "GET http://api.example.com/a?debug=1 with X-Tenant: acme"
  std::string text() const;

 private:
  base::Arena arena_;
  http::RequestHead head_{arena_};
};

}  // namespace sluice::routing
