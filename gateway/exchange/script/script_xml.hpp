#pragma once
#include <string>
#include <string_view>

#include <pugixml.hpp>

namespace causeway::exchange::script {

/// Reads XML whose root is `Message`. False for anything else: not well-formed, a document type (so there are no
/// entities), deeper than 64 elements, another root.
bool load(pugi::xml_document& document, std::string_view xml);

/// The element at a path of local names; alternatives are separated by '|' and the first that is there is taken:
/// `Names/Name|Name`. Prefixes of namespaces are looked over.
pugi::xml_node find(pugi::xml_node from, std::string_view path);
/// Its text without blanks around it; empty if it is not there.
std::string text(pugi::xml_node from, std::string_view path);
/// The name without its prefix.
std::string_view local_name(pugi::xml_node node);
/// The elements along a path, made where they are missing.
pugi::xml_node make(pugi::xml_node from, std::string_view path);
/// The same with a text; nothing is made for an empty one.
void put(pugi::xml_node from, std::string_view path, std::string_view value);

/// `Message` with the attributes of 2017071 and an empty Header and Body.
pugi::xml_node begin_message(pugi::xml_document& document);
std::string print(const pugi::xml_document& document);

}  // namespace causeway::exchange::script
