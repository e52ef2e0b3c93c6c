// SPDX-License-Identifier: Apache-2.0
// Conditions on the connection that a request came on. Made by the configuration of matches. None of them
// ranks a match, and none holds where the connection is not known.
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "gateway/net/cidr.h"
#include "gateway/net/tls_certificate.h"
#include "gateway/routing/match.h"

namespace sluice::routing {

// The client's address is in one of `in`, or `in` is empty, and it is in none of `not_in`. The client is the
// peer, or whom a PROXY header or a trusted proxy names.
std::shared_ptr<const Condition> client_ip_condition(std::vector<net::Cidr> in,
                                                     std::vector<net::Cidr> not_in);
// Accepted by the listener of one of these names.
std::shared_ptr<const Condition> listener_condition(std::vector<std::string> names);
// "http" or "https": that of the listener, or what a trusted proxy tells of its client's connection.
std::shared_ptr<const Condition> scheme_condition(std::string scheme);
// The client asked for one of these server names (SNI).
std::shared_ptr<const Condition> sni_condition(std::vector<HostPattern> names);
// The client has a certificate that the listener has verified, and one of its names is one of these, of the
// same kind. A `*` at the end of a URI stands for any text.
std::shared_ptr<const Condition> client_certificate_condition(std::vector<net::CertificateName> names);

}  // namespace sluice::routing
