// SPDX-License-Identifier: Apache-2.0
// PageRequest and Reply: what the admin server is asked and what it says, without any I/O.
#pragma once
#include <functional>
#include <string>
#include <string_view>

namespace sluice::admin {

// Views live until the page has answered.
struct PageRequest {
  std::string_view method;
  std::string_view target;              // path, perhaps with a query
  std::string_view host = {};           // "" if there was none
  std::string_view content_type = {};   // of the body
  std::string_view authorization = {};  // "Bearer ..."
  std::string_view body = {};
  bool from_browser = false;   // a page of a browser sent it: it names an origin
  std::string_view peer = {};  // who asks, for the log: "127.0.0.1:5555", "uid 1000"

  std::string_view path() const noexcept { return target.substr(0, target.find('?')); }
  // With its question mark.
  std::string_view query() const noexcept { return target.substr(path().size()); }
};

struct Reply {
  int status = 200;
  std::string_view content_type = "text/plain; charset=utf-8";
  std::string_view allow = {};      // of a 405
  std::string_view challenge = {};  // of a 401
  std::string body = {};
  bool metrics = false;  // the body comes from Suppliers::metrics
  // Set: the answer comes later, by the function that this one is called with, once, on the control thread.
  std::function<void(std::function<void(Reply)>)> later = {};
};

// RFC 9457; with about:blank the title is the status's own phrase.
Reply problem(int status, std::string_view detail);
Reply text_reply(std::string body);
Reply json_reply(int status, std::string body);

}  // namespace sluice::admin
