// SPDX-License-Identifier: Apache-2.0
// What the admin server answers: from a request's method, target and host to a reply, without any I/O. Used
// by the sessions of admin_server.h.
#pragma once
#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/admin/quotas_page.h"
#include "gateway/admin/targets_page.h"
#include "gateway/admin/upstreams_page.h"
#include "gateway/chain/revocations.h"

namespace sluice::admin {

// Ready if there is no reason against it.
struct Readiness {
  std::vector<std::string> reasons;  // for people: "draining"
};

// Where the figures come from; all are called on the control thread.
struct Suppliers {
  // Appends the next piece of the metrics, beginning with piece 0; returns the number of the piece after it,
  // 0 at the end.
  std::function<std::size_t(std::size_t piece, std::string& out)> metrics;
  std::function<Readiness()> readiness;
  std::function<std::vector<UpstreamReport>()> upstreams;
  // Takes a token back; false if there are too many already.
  std::function<bool(chain::Revocation)> revoke;
  std::function<std::size_t()> revocations;  // how many are in force
  std::function<base::WallTime()> now;
  std::function<std::vector<QuotaReport>(const QuotaQuery&)> quotas;
  TargetSuppliers targets;
};

struct PageRequest {
  std::string_view method;
  std::string_view target;  // path, perhaps with a query
  std::string_view host;    // "" if there was none
  std::string_view body = {};
};

struct Reply {
  int status = 200;
  std::string_view content_type = "text/plain; charset=utf-8";
  std::string_view allow;  // of a 405
  std::string body;
  bool metrics = false;  // the body comes from Suppliers::metrics
};

class Pages {
 public:
  // `any_host` is for sockets that no browser can reach: otherwise the Host field must be an IP address or
  // localhost, because a web page may make its own name resolve to this machine and read what is found there.
  Pages(Suppliers suppliers, bool any_host) : suppliers_(std::move(suppliers)), any_host_(any_host) {}

  Reply answer(const PageRequest& request);
  // Is the body of such a request looked at?
  static bool takes_body(const PageRequest& request);
  const Suppliers& suppliers() const noexcept { return suppliers_; }

 private:
  Reply ready();
  Reply started();
  Reply revoke(std::string_view query);
  Reply quotas(std::string_view query);
  Reply targets(const PageRequest& request, const std::string& upstream);

  Suppliers suppliers_;
  bool any_host_;
  bool was_ready_ = false;
};

}  // namespace sluice::admin
