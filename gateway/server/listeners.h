// SPDX-License-Identifier: Apache-2.0
// Listeners: the listening sockets of the process and what the workers know of them. A reload opens what is
// new before anything changes, leaves alone what is the same, and closes what is gone at the end. Sockets of
// an address that another listener has from now on go over to that one. Control thread.
#pragma once
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/admin/process_page.h"
#include "gateway/net/inherited.h"
#include "gateway/net/unix_socket.h"
#include "gateway/server/listener_tls.h"
#include "gateway/server/loaded.h"
#include "gateway/server/snapshot_builder.h"
#include "gateway/server/worker_thread.h"

namespace sluice::server {

using Workers = std::vector<std::unique_ptr<WorkerThread>>;

class Listeners {
 private:
  // Of one listener: one for each worker.
  struct Sockets {
    Sockets() = default;
    Sockets(Sockets&&) = default;
    Sockets& operator=(Sockets&&) = default;
    ~Sockets();
    std::vector<int> fds;
    net::SocketFile file;
    bool adopts_file = false;  // once they are served: until then it is that of the process before
    bool bound_only = false;   // they overlap with some that serve, and listen when those are about to go
  };

 public:
  // What a configuration needs that is not open yet. Sockets that are not taken over are closed.
  class Opened {
   public:
   private:
    friend class Listeners;
    void listen_where_bound_only(const Config& config) const;
    bool overlaps(const Config& config, const front::BindAddress& bind) const;
    std::map<std::string, Sockets> sockets;
    std::map<std::string, std::string> from;  // of a listener: the one whose sockets it takes over
  };

  // Sockets that a supervisor opened, for the first configuration to take.
  void inherit(net::InheritedSockets sockets) noexcept { inherited_ = std::move(sockets); }
  // Opens them; errors become diagnostics at the listener's `bind`. Inherited ones that fit are taken, the
  // others are closed, with a warning.
  Opened open(Loaded& loaded, std::size_t workers);
  // Makes the workers accept on them, use new settings, and leave what `config` does not have.
  void apply(const Config& config, const BuiltSnapshot& snapshot, Opened opened, Workers& workers,
             observe::MetricsRegistry& metrics, const ListenerTls& tls);
  // Makes the workers use TLS as it is now on a listener.
  void renew(const std::string& listener, Workers& workers, const ListenerTls& tls);
  std::uint16_t port(std::string_view listener) const noexcept;
  // All that are open, without their connections.
  std::vector<admin::ListenerReport> report() const;
  // How many workers it takes to serve all that was inherited.
  std::size_t inherited_queues() const { return inherited_.queues(); }
  bool owns_file(std::string_view listener) const noexcept;
  // The files of Unix sockets belong to the process that takes the place of this one.
  void give_up_files() noexcept;
  // Removes the files of Unix sockets: when nobody accepts on them any more.
  void remove_files() noexcept;

 private:
  struct Living {
    front::ListenerConfig config;
    bool open = false;
    std::uint16_t port = 0;
    std::size_t index = 0;
    net::SocketFile file;
    std::shared_ptr<front::ConnectionCounts> counts = std::make_shared<front::ConnectionCounts>();
    std::shared_ptr<const front::ListenerSettings> settings{};
    front::BindAddress bound() const;
    bool stays(const front::ListenerConfig* written) const;  // at its address
    std::shared_ptr<front::ListenerSettings> make_settings(const std::string& name,
                                                           const BuiltSnapshot& snapshot,
                                                           observe::MetricsRegistry& metrics) const;
  };
  base::Result<Sockets> open_sockets(const std::string& name, const front::ListenerConfig& config,
                                     std::size_t workers, bool beside_own);
  bool overlaps_own(const Config& config, const front::BindAddress& bind) const;
  const std::string* gives_sockets(const Config& config, const front::BindAddress& bind) const;
  bool use_settings(const std::string& name, const front::ListenerConfig& written, Living& living,
                    const BuiltSnapshot& snapshot, std::size_t workers, observe::MetricsRegistry& metrics,
                    const ListenerTls& tls);
  template <class UseSettings>
  void hand_over(const Opened& opened, const Config& config, Workers& workers, UseSettings use_settings);
  static void unlisten(const std::string& name, bool gives_way, Workers& workers);
  void drop_inherited();
  std::map<std::string, Living, std::less<>> living_;
  std::size_t next_index_ = 0;
  net::InheritedSockets inherited_;
};

}  // namespace sluice::server
