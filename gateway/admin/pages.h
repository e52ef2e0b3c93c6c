// SPDX-License-Identifier: Apache-2.0
// What the admin server answers: from a request's method, target and host to a reply, without any I/O. Used
// by the sessions of admin_server.h.
#pragma once
#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gateway/admin/access.h"
#include "gateway/admin/changes.h"
#include "gateway/admin/config_page.h"
#include "gateway/admin/failures_page.h"
#include "gateway/admin/process_page.h"
#include "gateway/admin/quotas_page.h"
#include "gateway/admin/reply.h"
#include "gateway/admin/revocation_query.h"
#include "gateway/admin/targets_page.h"
#include "gateway/admin/upstreams_page.h"
#include "gateway/chain/revocations.h"

namespace sluice::admin {

// Ready if there is no reason against it.
struct Readiness {
  std::vector<std::string> reasons;  // for people: "draining"
  std::vector<std::string> notes;    // what does not stand in the way, and should be known
};

// Where the figures come from; all are called on the control thread.
struct Suppliers {
  // Appends the next piece of the metrics, beginning with piece 0; returns the number of the piece after it,
  // 0 at the end.
  std::function<std::size_t(std::size_t piece, std::string& out)> metrics;
  std::function<Readiness()> readiness;
  std::function<UpstreamsReport()> upstreams;
  // Takes a token back.
  std::function<Revoked(chain::Revocation)> revoke;
  std::function<std::size_t()> revocations;  // how many are in force
  std::function<base::WallTime()> now;
  std::function<std::vector<QuotaReport>(const QuotaQuery&)> quotas;
  std::function<FailureReport(const observe::FailureQuery&)> failures;
  std::function<std::vector<RouteReport>(std::string_view name)> routes;  // "" for all
  std::function<ConfigReport()> config;
  std::function<std::string()> config_hash;
  std::function<std::vector<WorkerReport>()> workers;
  std::function<std::vector<ListenerReport>()> listeners;
  // Is another process about to take the place of this one, so that what is changed here would be lost?
  // Empty: never.
  std::function<bool()> handing_over;
  ChangeSuppliers changes;
  TargetSuppliers targets;
};

class Pages {
 public:
  Pages(Suppliers suppliers, Access access) : suppliers_(std::move(suppliers)), access_(std::move(access)) {}

  Reply answer(const PageRequest& request);
  // What can be said before the body of a request is read: that it may not be served.
  std::optional<Reply> refusal(const PageRequest& request) const { return admin::refusal(request, access_); }
  // Does the page look at the body of such a request?
  static bool takes_body(const PageRequest& request) noexcept;
  void use_token(std::string token) { access_.token = std::move(token); }
  const Suppliers& suppliers() const noexcept { return suppliers_; }

 private:
  Reply ready();
  Reply started();
  Reply revoke(const PageRequest& request);
  Reply quotas(std::string_view query);
  Reply failures(const PageRequest& request);
  Reply failure(const PageRequest& request, std::string_view id);
  Reply upstreams(std::string_view query);
  Reply config(std::string_view query);
  Reply read(const PageRequest& request);
  Reply targets(const PageRequest& request, const std::string& upstream);

  Suppliers suppliers_;
  Access access_;
  bool was_ready_ = false;
};

}  // namespace sluice::admin
