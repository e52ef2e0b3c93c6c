// SPDX-License-Identifier: Apache-2.0
#include "gateway/net/lookup.h"

#include <utility>

namespace sluice::net {

Answer failed_answer(std::string why) {
  return {base::fail(base::Reason::upstream_resolve_failed, std::move(why))};
}

Answer no_answer(std::string why) {
  Answer answer = failed_answer(std::move(why));
  answer.none = true;
  return answer;
}

}  // namespace sluice::net
