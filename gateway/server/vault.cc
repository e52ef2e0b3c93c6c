// SPDX-License-Identifier: Apache-2.0
#include "gateway/server/vault.h"

#include "gateway/http/fields.h"
#include "gateway/jose/json.h"

namespace sluice::server {
namespace {

using Answer = config::Environment::VaultAnswer;
using jose::JsonKind;

constexpr std::size_t kLargestAnswer = 1u << 20;

Answer refused(std::string error, std::string hint = {}) {
  Answer out;
  out.error = std::move(error);
  out.hint = std::move(hint);
  return out;
}

std::string or_variable(const std::string& written, const config::Environment& environment,
                        const char* name) {
  return written.empty() ? environment.variable(name).value_or("") : written;
}

// The content of a file that the settings or the environment name; false with `fault` set if it cannot be
// read.
bool read_file(const std::string& path, const char* what, const config::Environment& environment,
               std::string& out, VaultFault& fault) {
  auto [text, error] = environment.read(path, config::kLargestSecret);
  if (!text) {
    fault.error = "cannot read " + path + ", " + what + ": " + error;
    return false;
  }
  out = std::move(*text);
  return true;
}

// What Vault says was wrong: {"errors": ["permission denied"]}; "" if it does not.
std::string complaint_of(const std::string& body) {
  auto json = jose::Json::parse(body);
  if (!json) return {};
  const auto* errors = json->find("errors");
  const auto* first = errors ? json->first(*errors) : nullptr;
  if (!first || !first->is(JsonKind::string) || http::has_control_but_tab(first->text)) return {};
  return ": " + std::string(first->text.substr(0, 200));
}

Answer fields_of(const std::string& path, const std::string& body) {
  auto unreadable = [&] {
    return refused("what Vault has at " + path + " is no secret of a KV store of version 2",
                   "as in ${vault:secret/data/orders#password}");
  };
  auto json = jose::Json::parse(body);
  if (!json) return unreadable();
  const auto* outer = json->find("data");
  const auto* inner = outer ? json->find(*outer, "data") : nullptr;
  if (!inner || !json->find(*outer, "metadata")) return unreadable();
  if (inner->is(JsonKind::null)) return refused("the last version of " + path + " in Vault was deleted");
  if (!inner->is(JsonKind::object)) return unreadable();
  Answer out;
  for (const auto* v = json->first(*inner); v; v = json->next(*v))
    if (!v->is(JsonKind::object) && !v->is(JsonKind::array) && !v->is(JsonKind::null))
      out.fields.emplace(v->name, v->text);
  return out;
}

// Another try may help: RFC 9110's, and Vault's own: 412 of a replica that lags, 472 and 473 of standbys.
bool passing(unsigned status) noexcept {
  return status >= 500 || status == 412 || status == 429 || status == 472 || status == 473;
}

}  // namespace

std::variant<VaultAccess, VaultFault> vault_access(const config::VaultConfig& config,
                                                   const config::Environment& environment) {
  VaultAccess out;
  VaultFault fault;
  std::string address = or_variable(config.address, environment, "VAULT_ADDR");
  if (address.empty())
    return VaultFault{"it is not known where Vault is",
                      "set VAULT_ADDR, or write `vault: {address: https://vault.example:8200}`"};
  while (address.ends_with('/')) address.pop_back();
  if (auto refusal = upstream::parse(address, out.address))
    return VaultFault{"the address of Vault cannot be used: " + refusal->message, refusal->hint};
  if (!out.address.private_way() && !config.allow_http)
    return VaultFault{"Vault is not asked without https: the token and the secrets could be read on the way",
                      "`vault.allow_http` asks nevertheless"};
  if (out.address.target == "/") out.address.target.clear();
  out.name_space = or_variable(config.name_space, environment, "VAULT_NAMESPACE");
  out.timeout = std::chrono::ceil<std::chrono::milliseconds>(config.timeout);
  out.ca = config.ca;
  if (auto path = environment.variable("VAULT_CACERT"); out.ca.empty() && path && !path->empty())
    if (!read_file(*path, "the authorities that VAULT_CACERT names", environment, out.ca, fault))
      return fault;
  out.token = config.token.value;
  if (!config.token_file.empty()) {
    if (!read_file(config.token_file, "the token for Vault", environment, out.token, fault)) return fault;
  } else {
    out.token = or_variable(out.token, environment, "VAULT_TOKEN");
  }
  while (out.token.ends_with('\n') || out.token.ends_with('\r')) out.token.pop_back();
  if (!http::valid_field_value(out.token) || !http::valid_field_value(out.name_space))
    return VaultFault{"the token or the namespace for Vault holds characters that cannot be sent", {}};
  return out;
}

FetchLimits vault_limits(const VaultAccess& access) { return {access.timeout, kLargestAnswer}; }

FetchRequest vault_request(const VaultAccess& access, const std::string& path) {
  FetchRequest out = request_for(access.address);
  out.target += "/v1/" + path;
  out.accept = "application/json";
  out.ca = access.ca;
  out.any_status = true;
  out.fields.emplace_back("X-Vault-Request", "true");  // agents may insist on it
  if (!access.token.empty()) out.fields.emplace_back("X-Vault-Token", access.token);
  if (!access.name_space.empty()) out.fields.emplace_back("X-Vault-Namespace", access.name_space);
  return out;
}

VaultHeard read_vault(const VaultAccess& access, const std::string& path,
                      const base::Result<Fetched>& fetched) {
  std::string who = "Vault at " + access.address.origin.text();
  if (!fetched) return {refused(who + " " + fetched.error().detail), true};
  unsigned status = fetched->status;
  if (status == 200) return {fields_of(path, fetched->body)};
  std::string said = " (status " + std::to_string(status) + complaint_of(fetched->body) + ")";
  if (passing(status)) return {refused(who + " cannot answer now" + said), true};
  if (status == 401 || status == 403)
    return {refused(who + " does not let this gateway read " + path + said,
                    access.token.empty() ? "there is no token: set VAULT_TOKEN, or `token_file` of `vault`"
                                         : "the token may have expired, or its policy not allow it")};
  if (status == 404)
    return {refused("Vault has nothing at " + path,
                    "behind the mount of a KV store of version 2 stands data/, as in secret/data/orders")};
  return {refused(who + " refuses to tell " + path + said)};
}

}  // namespace sluice::server
