// SPDX-License-Identifier: Apache-2.0
#include "gateway/oidc/seal.h"

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/rand.h>

#include <algorithm>
#include <stdexcept>

#include "gateway/base/assert.h"
#include "gateway/base/base64.h"

namespace sluice::oidc {
namespace {

constexpr std::size_t kId = 4, kNonce = 16, kIv = 12, kTag = 16;
static_assert(kId + kNonce + kIv + kTag == Sealer::kOverhead);

const unsigned char* bytes(std::string_view s) noexcept {
  return reinterpret_cast<const unsigned char*>(s.data());
}
unsigned char* bytes(char* s) noexcept { return reinterpret_cast<unsigned char*>(s); }

struct FreeContext {
  void operator()(EVP_CIPHER_CTX* c) const noexcept { EVP_CIPHER_CTX_free(c); }
};
using Context = std::unique_ptr<EVP_CIPHER_CTX, FreeContext>;

Context make_context() {
  Context out(EVP_CIPHER_CTX_new());
  SLUICE_ASSERT(out != nullptr);
  return out;
}

void fill_random(char* out, std::size_t size) {
  SLUICE_ASSERT(RAND_bytes(bytes(out), static_cast<int>(size)) == 1);
}

}  // namespace

Sealer::Sealer(const std::vector<std::string>& secrets)
    : cipher_(EVP_CIPHER_fetch(nullptr, "AES-256-GCM", nullptr)) {
  if (!cipher_) throw std::runtime_error("OpenSSL has no AES-256-GCM");
  SLUICE_ASSERT(!secrets.empty());
  for (const auto& secret : secrets) keys_.push_back(key_of(secret));
}

// HKDF for 32 bytes is one block of its expansion (RFC 5869 sections 2.2 and 2.3); another one, under another
// name, is the id, which tells nothing of the key.
Sealer::Key Sealer::key_of(const std::string& secret) {
  auto extracted = jose::keyed_digest("sluice cookies", secret);
  Key out{};
  out.key = jose::keyed_digest(jose::view(extracted), "key\x01");
  auto id = jose::keyed_digest(jose::view(extracted), "id\x01");
  std::copy_n(id.begin(), out.id.size(), out.id.begin());
  return out;
}

std::string Sealer::seal(std::string_view plain, std::string_view bound) const {
  const Key& key = keys_.front();
  std::string raw(kId + kNonce + kIv + plain.size() + kTag, '\0');
  char* nonce = std::copy(key.id.begin(), key.id.end(), raw.data());
  fill_random(nonce, kNonce + kIv);
  char* iv = nonce + kNonce;
  char* text = iv + kIv;
  jose::Digest own = jose::keyed_digest(jose::view(key.key), {nonce, kNonce});
  Context context = make_context();
  int size = 0, last = 0;
  bool good =
      EVP_EncryptInit_ex2(context.get(), cipher_.get(), bytes(own.data()), bytes(iv), nullptr) == 1 &&
      EVP_EncryptUpdate(context.get(), nullptr, &size, bytes(bound), static_cast<int>(bound.size())) == 1 &&
      EVP_EncryptUpdate(context.get(), bytes(text), &size, bytes(plain), static_cast<int>(plain.size())) ==
          1 &&
      EVP_EncryptFinal_ex(context.get(), bytes(text) + size, &last) == 1 &&
      EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_AEAD_GET_TAG, kTag, text + plain.size()) == 1;
  SLUICE_ASSERT(good);
  OPENSSL_cleanse(own.data(), own.size());
  return base::encode_base64url(raw);
}

std::optional<std::string> Sealer::open(std::string_view sealed, std::string_view bound) const {
  auto raw = base::decode_base64url(sealed);
  if (!raw || raw->size() < kOverhead) return std::nullopt;
  const char* nonce = raw->data() + kId;
  const char* iv = nonce + kNonce;
  const char* text = iv + kIv;
  std::size_t length = raw->size() - kOverhead;
  char* tag = raw->data() + raw->size() - kTag;
  for (const Key& key : keys_) {
    if (std::string_view(*raw).substr(0, kId) != std::string_view(key.id.data(), key.id.size())) continue;
    jose::Digest own = jose::keyed_digest(jose::view(key.key), {nonce, kNonce});
    Context context = make_context();
    std::string plain(length, '\0');
    int size = 0, last = 0;
    bool good =
        EVP_DecryptInit_ex2(context.get(), cipher_.get(), bytes(own.data()), bytes(std::string_view(iv, kIv)),
                            nullptr) == 1 &&
        EVP_DecryptUpdate(context.get(), nullptr, &size, bytes(bound), static_cast<int>(bound.size())) == 1 &&
        EVP_DecryptUpdate(context.get(), bytes(plain.data()), &size, bytes(std::string_view(text, length)),
                          static_cast<int>(length)) == 1 &&
        EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_AEAD_SET_TAG, kTag, tag) == 1 &&
        EVP_DecryptFinal_ex(context.get(), bytes(plain.data()) + size, &last) == 1;
    OPENSSL_cleanse(own.data(), own.size());
    if (good) return plain;
    ERR_clear_error();  // which TLS on this thread reads
  }
  return std::nullopt;
}

std::string random_text(std::size_t size) {
  std::string out(size, '\0');
  fill_random(out.data(), size);
  return base::encode_base64url(out);
}

}  // namespace sluice::oidc
