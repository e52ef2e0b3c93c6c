// SPDX-License-Identifier: Apache-2.0
// From `tls` as written to a net::TlsServer: reads the files and says at which setting what is wrong with
// them. Used when a configuration is loaded, when files have changed, and by `sluice check`. Control thread.
#pragma once
#include <ctime>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "gateway/config/report.h"
#include "gateway/front/protocols.h"
#include "gateway/front/tls_config.h"
#include "gateway/net/tls_client.h"
#include "gateway/net/tls_server.h"
#include "gateway/server/stapler.h"
#include "gateway/server/watched_files.h"

namespace sluice::server {

// Keys for tickets, by the file that they are from; "" for random ones. They outlive configurations, so that
// a reload forgets no session.
using TicketKeysByFile = std::map<std::string, std::shared_ptr<net::TicketKeys>>;

// What each building finds again of the one before.
struct LastingTls {
  TicketKeysByFile tickets;
  StapleTable staples;
};

// Where problems go: `field` is a path below the settings at hand ("certs[0].key").
using Complain = std::function<void(config::Severity, const std::string& field, std::string message)>;

// Complains to a report about what stands below `path`.
Complain complain_at(const config::Report& report, std::string path);
// The directory of the file in which that stands.
std::string directory_of(const config::Report& report, const std::string& path);

// Reads what settings name. Problems go to `complain`; failed() tells whether there was one.
class TlsFiles {
 public:
  // `directory`: where relative paths start.
  TlsFiles(std::string directory, Complain complain)
      : directory_(std::move(directory)), complain_(std::move(complain)) {}

  // A value that could not be had is empty, and has been complained about.
  std::string read(const std::string& field, const std::string& path);
  std::vector<net::X509Ptr> certificates(const std::string& field, const std::string& path);
  std::vector<net::X509CrlPtr> crls(const std::string& field, const std::string& path);
  net::KeyPtr key(const std::string& field, const std::string& path);
  // The leaf is null if anything was wrong. `at`: of the settings `cert` and `key`, "certs[0]." or "".
  net::Certificate certificate(const std::string& at, const std::string& cert, const std::string& key);

  void error(const std::string& field, std::string message);
  void warning(const std::string& field, std::string message);
  bool failed() const noexcept { return failed_; }
  std::string resolved(const std::string& path) const;
  WatchedFiles& watched() noexcept { return watched_; }

 private:
  std::string directory_;
  Complain complain_;
  WatchedFiles watched_;
  bool failed_ = false;
};

struct BuiltTls {
  std::shared_ptr<const net::TlsServer> server;               // null: there were errors
  WatchedFiles files;                                         // whether it could be built or not
  std::vector<std::pair<std::string, std::time_t>> expiries;  // of certificates and lists, by path as written
  Staples staples;                                            // to be kept fresh while this is in use
};

// `protocols`: what clients may choose by ALPN.
BuiltTls build_tls(const front::TlsConfig& config, const std::string& listener, front::Protocols protocols,
                   TlsFiles files, LastingTls& lasting);

}  // namespace sluice::server
