#pragma once
#include <string>

#include "fhir/issue.hpp"
#include "fhir/json/json.hpp"
#include "fhir/model/document.hpp"
#include "fhir/model/limits.hpp"
#include "fhir/result.hpp"

namespace causeway::fhir {

/// Reads FHIR XML into the same tree that JSON gives: R4's types say which elements repeat and which are numbers or
/// booleans. The narrative's div is kept as it is written. UTF-8 only; any document type declaration is refused, so
/// there are no entities but the five of XML. Elements unknown to R4 are kept for validate_structure() to name;
/// text between elements and unknown attributes are refused. Comments are dropped. What is read although XML should say
/// it otherwise, elements out of their order and attributes written as elements, is added to `faults` for validation.
Result<DocumentPtr> parse_xml(std::string bytes, const Limits& limits = {}, Issues* faults = nullptr);

/// Writes a resource as FHIR XML, in the order of R4's types. It fails where XML cannot hold the content: elements
/// that R4 does not know, a div that is not well-formed, control characters.
Result<std::string> to_xml(Element resource, WriteOptions options = {});

}  // namespace causeway::fhir
