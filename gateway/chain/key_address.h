// SPDX-License-Identifier: Apache-2.0
// KeyAddress: where the keys of an issuer are published. What a filter that checks tokens asks of the
// builder.
#pragma once
#include <string>

#include "gateway/upstream/web_url.h"

namespace sluice::chain {

struct KeyAddress {
  std::string issuer;    // as tokens name it
  upstream::WebUrl url;  // of the key set, or of the discovery document
  bool discovery =
      false;  // the URL is of a document (OpenID Connect Discovery 1.0) that tells where the keys are
  bool secrets = false;  // may the set hold secrets of HS algorithms?
  std::string ca;        // PEM of the authorities to believe; "" for the system's
  bool operator==(const KeyAddress&) const = default;
};

}  // namespace sluice::chain
