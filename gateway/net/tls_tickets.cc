// SPDX-License-Identifier: Apache-2.0
#include "gateway/net/tls_tickets.h"

#include <openssl/core_names.h>
#include <openssl/rand.h>

#include <cstdlib>
#include <cstring>

namespace sluice::net {
namespace {

constexpr std::size_t kNameSize = 16;
constexpr std::size_t kSigningSize = 32;

bool sign_with(const TicketKeys::Key& key, EVP_MAC_CTX* mac) noexcept {
  char digest[] = "SHA256";
  OSSL_PARAM parameters[] = {OSSL_PARAM_construct_octet_string(
                                 OSSL_MAC_PARAM_KEY, const_cast<unsigned char*>(key.signing()), kSigningSize),
                             OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
                             OSSL_PARAM_construct_end()};
  return EVP_MAC_CTX_set_params(mac, parameters) == 1;
}

}  // namespace

TicketKeys::Key::~Key() { OPENSSL_cleanse(bytes.data(), bytes.size()); }

TicketKeys::Key TicketKeys::Key::random() {
  Key key;
  // Without random numbers nothing here is safe; the system has none only if it is broken.
  if (RAND_priv_bytes(key.bytes.data(), static_cast<int>(key.bytes.size())) != 1) std::abort();
  return key;
}

TicketKeys::TicketKeys() { use({Key::random()}); }

base::Result<TicketKeys::Keys> TicketKeys::parse(std::string_view bytes) {
  if (bytes.empty() || bytes.size() % Key::kSize != 0)
    return base::fail(
        base::Reason::internal,
        "must hold one or more keys of 80 random bytes each, such as `openssl rand 80` writes; it has " +
            std::to_string(bytes.size()) + " bytes");
  Keys keys(bytes.size() / Key::kSize);
  for (std::size_t i = 0; i < keys.size(); ++i)
    std::memcpy(keys[i].bytes.data(), bytes.data() + i * Key::kSize, Key::kSize);
  return keys;
}

void TicketKeys::use(Keys keys) {
  auto made = std::make_shared<const Keys>(std::move(keys));
  std::lock_guard lock(mutex_);
  keys_ = std::move(made);
}

void TicketKeys::rotate() { use({Key::random(), now()->front()}); }

std::shared_ptr<const TicketKeys::Keys> TicketKeys::now() const {
  std::lock_guard lock(mutex_);
  return keys_;
}

int TicketKeys::seal(unsigned char* name, unsigned char* iv, EVP_CIPHER_CTX* cipher, EVP_MAC_CTX* mac) const {
  auto keys = now();
  const Key& key = keys->front();
  std::memcpy(name, key.name(), kNameSize);
  bool good = RAND_bytes(iv, EVP_CIPHER_get_iv_length(EVP_aes_256_cbc())) == 1 &&
              EVP_EncryptInit_ex(cipher, EVP_aes_256_cbc(), nullptr, key.encrypting(), iv) == 1 &&
              sign_with(key, mac);
  return good ? 1 : -1;
}

// 2: opened, and a new ticket shall be given, as the key is an old one.
int TicketKeys::open(const unsigned char* name, const unsigned char* iv, EVP_CIPHER_CTX* cipher,
                     EVP_MAC_CTX* mac) const {
  auto keys = now();
  for (const Key& key : *keys) {
    if (CRYPTO_memcmp(name, key.name(), kNameSize) != 0) continue;
    if (!sign_with(key, mac) ||
        EVP_DecryptInit_ex(cipher, EVP_aes_256_cbc(), nullptr, key.encrypting(), iv) != 1)
      return -1;
    return &key == keys->data() ? 1 : 2;
  }
  return 0;
}

}  // namespace sluice::net
