// SPDX-License-Identifier: Apache-2.0
// Listening sockets: non-blocking, close-on-exec, without Nagle's delay (accepted sockets inherit that). The
// IPv6 wildcard listens on IPv4 too. Failures are Reason::internal with an explanation for people, which for
// a port in use names the process if it can be found.
#pragma once
#include <vector>

#include "gateway/base/result.h"
#include "gateway/net/address.h"

namespace sluice::net {

// One socket that nobody else may share.
base::Result<int> listen(const Address& at, int backlog);

// `sockets` sockets of one address, one for each worker: the kernel deals connections out among them
// (SO_REUSEPORT). Port 0 picks one port for all. A port that anybody listens on already is refused, although
// the kernel would share it with another process of the same user: two gateways would each get some of the
// connections and neither would say so.
base::Result<std::vector<int>> listen_shared(const Address& at, unsigned sockets, int backlog);

// The same where this process itself listens at an address that overlaps, with sockets of listen_shared():
// these are bound beside those, and nobody else is looked for. Nothing comes to them before listen_on().
base::Result<std::vector<int>> bind_beside_own(const Address& at, unsigned sockets);
// Lets connections come to a bound socket; for one that listens already it changes how many may wait.
base::Result<void> listen_on(int socket, int backlog);

// From now on nobody begins a connection to this TCP socket: what asks for one is dropped by the system, and
// the client asks again after a second (RFC 6298, 2.1), of whoever listens there then. Handshakes under way
// come to their end. False: the system does not do that. begin_again() is for a socket that others hold too:
// what was forbidden is so for them. Accepted sockets keep the filter, which lets all pass that belongs to a
// connection.
bool begin_no_more(int socket) noexcept;
void begin_again(int socket) noexcept;

// Every address of the machine: the wildcard of IPv6, or that of IPv4 where the kernel was started without
// IPv6 and opens no such socket.
Address every_address(std::uint16_t port) noexcept;

// The address a socket is bound to, which tells the port that the system chose.
Address bound_to(int socket) noexcept;

}  // namespace sluice::net
