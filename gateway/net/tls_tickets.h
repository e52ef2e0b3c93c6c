// SPDX-License-Identifier: Apache-2.0
// TicketKeys: the keys that session tickets are sealed with, shared by all workers and by listeners that take
// each other's tickets. Made new at random and rotated, or read from a file that several nodes share. Any
// thread.
#pragma once
#include <openssl/evp.h>

#include <array>
#include <memory>
#include <mutex>
#include <string_view>
#include <vector>

#include "gateway/base/result.h"
#include "gateway/net/tls_openssl.h"

namespace sluice::net {

class TicketKeys {
 public:
  // 80 random bytes: 16 name it in tickets, 32 sign (HMAC-SHA256), 32 encrypt (AES-256-CBC).
  struct Key {
    static constexpr std::size_t kSize = 80;
    std::array<unsigned char, kSize> bytes{};
    Key() = default;
    Key(const Key&) = default;
    Key& operator=(const Key&) = default;
    ~Key();
    static Key random();
    const unsigned char* name() const noexcept { return bytes.data(); }
    const unsigned char* signing() const noexcept { return bytes.data() + 16; }
    const unsigned char* encrypting() const noexcept { return bytes.data() + 48; }
  };
  using Keys = std::vector<Key>;

  // With a random key.
  TicketKeys();
  // Keys of a file, 80 bytes each; the error completes "tickets.key: ...".
  static base::Result<Keys> parse(std::string_view bytes);
  // From now on the first one seals, and all of them open.
  void use(Keys keys);
  // Seals with a new random key, and opens with the one of before too: twice the time between rotations is
  // what a stolen key is good for.
  void rotate();

  // For SSL_CTX_set_tlsext_ticket_key_evp_cb; returns what it is to return.
  int seal(unsigned char* name, unsigned char* iv, EVP_CIPHER_CTX* cipher, EVP_MAC_CTX* mac) const;
  int open(const unsigned char* name, const unsigned char* iv, EVP_CIPHER_CTX* cipher,
           EVP_MAC_CTX* mac) const;

 private:
  std::shared_ptr<const Keys> now() const;
  mutable std::mutex mutex_;
  std::shared_ptr<const Keys> keys_;
};

}  // namespace sluice::net
