// SPDX-License-Identifier: Apache-2.0
// Cookie: a cookie of the gateway's own, which may be longer than a browser keeps one: then it is several,
// `name`, `name.1`, `name.2`. The first begins with their number, so that parts left over from a longer one
// are not taken for a part of it. Knows nothing of what is in it.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/chain/exchange.h"
#include "gateway/config/describe.h"
#include "gateway/http/set_cookie.h"

namespace sluice::oidc {

// `strict` is no choice: who comes back from the provider comes from another site.
enum class SameSite : unsigned char { lax, none };

struct CookieConfig {
  std::string name;  // "": see name_of()
  std::string domain;
  std::string path = "/";
  SameSite same_site = SameSite::lax;
  bool secure = true;
  http::CookieAttributes attributes() const noexcept;
  bool operator==(const CookieConfig&) const = default;
};
void describe(config::Enumeration<SameSite>& e);
void describe(config::Description<CookieConfig>& d);

// The name that was written, or else "sluice" with the prefix that makes browsers keep it safest (RFC 6265bis
// section 4.1.3): "__Host-" or "__Secure-".
std::string name_of(const CookieConfig& config);

class Cookie {
 public:
  static constexpr std::size_t kMostParts = 3;       // a request head has 16 KiB
  static constexpr std::size_t kLargestPart = 4096;  // name, value and attributes (RFC 6265 section 6.1)

  Cookie(std::string name, const CookieConfig& config);
  const std::string& name() const noexcept { return name_; }

  // Has the request one of that name, whatever it is?
  bool brought(const chain::Exchange& ex) const noexcept;
  // The text in the request's cookies, put together; "" if there is none or a part is missing.
  std::string_view read(chain::Exchange& ex) const;
  // The values of Set-Cookie that make the browser keep `text` for that long, and forget parts in the request
  // that are not needed any more. nullopt: the text is too long.
  std::optional<std::vector<std::string>> write(const chain::Exchange& ex, std::string_view text,
                                                std::chrono::seconds age) const;
  // Those that make it forget all that the request has of it.
  std::vector<std::string> forget(const chain::Exchange& ex) const;
  // The one that makes it forget the first part, without a look at the request.
  std::string forget_first() const { return line(0, {}, std::chrono::seconds(0)); }
  // Takes it out of the request.
  void hide(chain::Exchange& ex) const;
  // How many bytes of text fit.
  std::size_t capacity() const noexcept;

 private:
  std::string part_name(std::size_t part) const;
  std::string line(std::size_t part, std::string_view value, std::chrono::seconds age) const;
  std::size_t room() const noexcept;
  void forget_from(const chain::Exchange& ex, std::size_t part, std::vector<std::string>& out) const;

  std::string name_, attributes_;
};

// Cookies that are to be set with an answer that is not there yet. Its memory is the exchange's.
struct SetCookies {
  struct Line {
    std::string_view text;
    const Line* next;
  };
  const Line* first;

  bool empty() const noexcept { return first == nullptr; }
  void add(const chain::Exchange& ex, const std::vector<std::string>& lines);
  void put_into(http::Fields& fields) const;
};

}  // namespace sluice::oidc
