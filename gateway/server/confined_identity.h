// SPDX-License-Identifier: Apache-2.0
// ConfinedIdentity: what clients send in a field that tells upstreams who calls is taken from every request
// of every route, unless credentials are read there (chain/identity_fields.h). So both concern others, and a
// file that is confined (confinement.h) may do neither where others would notice. Collected while a snapshot
// is built.
#pragma once
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/config/report.h"

namespace sluice::server {

class ConfinedIdentity {
 public:
  // `report` must outlive this.
  explicit ConfinedIdentity(const config::Report& report) : report_(report) {}

  // What is written at `at` tells upstreams who calls in that request field, or reads credentials there.
  void tells(std::string_view name, const std::string& at) { note(name, at, &Field::told); }
  void reads(std::string_view name, const std::string& at) { note(name, at, &Field::read); }
  // After the last of them.
  void check() const;

 private:
  // The first one of its file.
  struct Said {
    std::string name, at;
    config::Place place;
  };
  struct Field {
    std::vector<Said> told, read;
  };
  void note(std::string_view name, const std::string& at, std::vector<Said> Field::* as);
  bool confined(const Said& said) const;
  bool outside(const Said& said, const Said& confined) const;
  bool around(const Said& said, const Said& confined) const;
  void check_read(const Said& read, const Field& field) const;
  void check_told(const Said& told, const Field& field) const;
  void complain(const Said& said, const std::string& what, const Said* other) const;

  const config::Report& report_;
  std::map<std::string, Field, std::less<>> fields_;  // by how CGI reads the name
};

}  // namespace sluice::server
