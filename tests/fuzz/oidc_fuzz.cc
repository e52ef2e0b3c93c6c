// SPDX-License-Identifier: Apache-2.0
// What browsers and providers bring to a login: cookies of any kind are no session and no login, what can be
// read is what was written, and no answer of a provider is taken for more than it says.
#include <cstddef>
#include <cstdint>
#include <string>

#include "gateway/base/assert.h"
#include "gateway/oidc/answers.h"
#include "gateway/oidc/login.h"
#include "gateway/oidc/seal.h"
#include "gateway/oidc/session.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace sluice;
  const std::string in(reinterpret_cast<const char*>(data), size);
  static const oidc::Sealer sealer({std::string(32, 'k'), std::string(32, 'o')});
  SLUICE_ASSERT(!sealer.open(in, "session"));
  SLUICE_ASSERT(sealer.open(sealer.seal(in, "session"), "session") == in);

  auto session = oidc::unpack_session(in);
  if (session) {
    SLUICE_ASSERT(oidc::pack(*session) == in);
    (void)oidc::claims_of(*session);
  }
  if (auto login = oidc::unpack_login(in)) SLUICE_ASSERT(oidc::pack(*login) == in);
  oidc::Session made;
  made.id_token = in;
  made.scope = in;
  (void)oidc::claims_of(made);

  auto back = oidc::safe_way_back(in);
  SLUICE_ASSERT(back == "/" || (back == in && back[0] == '/' && back.substr(0, 2) != "//"));
  if (auto callback = oidc::read_callback(in)) SLUICE_ASSERT(callback->state.size() <= in.size());
  if (auto tokens = oidc::read_tokens(200, in)) SLUICE_ASSERT(!tokens->access_token.empty());
  (void)oidc::read_tokens(400, in);
  return 0;
}
