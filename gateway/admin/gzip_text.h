// SPDX-License-Identifier: Apache-2.0
// GzipText: a text that is made piece by piece, compressed on the way. Used by the sessions of the admin
// server for scrapes, which are long and repeat themselves.
#pragma once
#include <string>
#include <string_view>

#include "gateway/http/encoder.h"

namespace sluice::admin {

// Does whoever sends this Accept-Encoding take gzip?
bool takes_gzip(std::string_view accept_encoding);

class GzipText {
 public:
  GzipText();
  // What can be sent after this piece, which may be nothing; after the last one, everything.
  std::string add(std::string_view piece, bool last);

 private:
  http::EncoderPtr encoder_;
};

}  // namespace sluice::admin
