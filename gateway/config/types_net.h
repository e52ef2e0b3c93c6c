// SPDX-License-Identifier: Apache-2.0
// How the types of the net layer, which is below this one, are written in a configuration. Include it beside
// describe.h where such a type is a setting.
#pragma once
#include "gateway/config/types.h"
#include "gateway/net/cidr.h"
#include "gateway/net/proxy_protocol.h"

namespace sluice::config {

void describe(Text<net::Cidr>& t);
void describe(Enumeration<net::ProxyVersion>& e);

}  // namespace sluice::config
