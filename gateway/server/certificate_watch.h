// SPDX-License-Identifier: Apache-2.0
// CertificateWatch: looks every now and then whether files of certificates have changed, and
// CertificateRenewal: one that has, read again, as log and metrics tell it. What listeners and upstreams have
// in common there. Control thread.
#pragma once
#include <functional>
#include <string>

#include <boost/asio/io_context.hpp>

#include "gateway/observe/series.h"
#include "gateway/server/looks.h"
#include "gateway/server/tls_builder.h"

namespace sluice::server {

class CertificateWatch {
 public:
  // `look` asks the files (WatchedFiles::changed()), so that a change is in force within a second. The store
  // must outlive it.
  CertificateWatch(boost::asio::io_context& control, observe::SeriesStore& store, std::function<void()> look)
      : store_(store), looks_(control, std::move(look)) {}
  CertificateWatch(const CertificateWatch&) = delete;

  // From now on; does nothing if it has begun.
  void begin();

 private:
  friend class CertificateRenewal;

  observe::SeriesStore& store_;
  Looks looks_;
};

class CertificateRenewal {
 public:
  // `owner` is for logs: "listener web".
  CertificateRenewal(CertificateWatch& watch, std::string owner) : watch_(watch), owner_(std::move(owner)) {}
  CertificateRenewal(const CertificateRenewal&) = delete;

  // For who builds from the files; not beyond this.
  Complain complain();
  // Was it built? Says why not, where that is so; what was built before stays in use.
  bool count(bool built);
  // It is in force.
  void done() const;

 private:
  CertificateWatch& watch_;
  std::string owner_;
  std::string wrong_;
};

}  // namespace sluice::server
