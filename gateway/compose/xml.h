// SPDX-License-Identifier: Apache-2.0
// XML as JSON: an element is an object of its attributes ("-name"), its text ("#text") and its children by
// name; one that has text alone is that text, an empty one "". Several children of one name are a list, and
// those of `lists` always are. Namespaces stay part of names; comments and instructions are left out;
// entities that a document defines itself are not expanded.
#pragma once
#include <string>
#include <vector>

#include "gateway/json/text.h"

namespace sluice::compose {

// Appends one object with the root element as its member. "" or what is wrong.
std::string xml_to_json(std::string_view xml, const std::vector<std::string>& lists, json::Output& out);

}  // namespace sluice::compose
