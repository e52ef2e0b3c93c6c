// SPDX-License-Identifier: Apache-2.0
// ErrorPages: what clients get in place of the bodies of errors: an HTML page for browsers, a problem
// document of the operator's own for programs, another status. Of the gateway's own errors always, of
// upstreams' where a page says so. Built with the snapshot, applied by front/ to the response as it is about
// to leave.
#pragma once
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "gateway/chain/template.h"
#include "gateway/config/describe.h"

namespace sluice::chain {

struct ErrorPageConfig {
  std::optional<Template> html;
  std::optional<std::string> file;
  std::optional<config::Json> problem;
  std::optional<std::uint16_t> status;
  bool intercept = false;
  bool operator==(const ErrorPageConfig&) const = default;
};
void describe(config::Description<ErrorPageConfig>& d);

// By "404" or "5xx".
using ErrorPagesConfig = config::ByName<ErrorPageConfig>;

// Complains about keys that are no status and no class. For the check of whatever has such a setting.
void check_error_pages(const ErrorPagesConfig& pages, std::string_view setting, const config::Site& at);

class ErrorPages {
 public:
  // What building needs: the text of a file, relative to the configuration's, and a way to complain; both
  // with the path of a setting below that of the pages.
  struct Source {
    std::function<std::optional<std::string>(const std::string& at, const std::string& file)> read;
    std::function<void(const std::string& at, std::string message, std::string hint)> complain;
  };

  // `captures`: names that pages may use; for the defaults, which are no route's, none.
  ErrorPages(const ErrorPagesConfig& config, const std::vector<std::string>& captures, const Source& source);
  // Those of a route over the defaults, whose pages answer for what the route's do not. May be null.
  void fall_back_on(const ErrorPages* defaults);

  bool empty() const noexcept { return pages_.empty(); }
  // Replaces the body of an error, and perhaps its status, if there is a page for it. Does nothing to calls
  // of gRPC. Remembers the status that was replaced in the exchange, for the log.
  void apply(Exchange& ex) const;

 private:
  struct Page {
    int first, last;  // statuses
    std::optional<Template> html, problem;
    int status;  // 0: the same
    bool intercept;
  };
  const Page* find(int status) const noexcept;

  std::vector<Page> pages_;  // the first that fits counts
};

}  // namespace sluice::chain
