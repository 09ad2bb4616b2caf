#pragma once
#include <span>
#include <string>
#include <string_view>

#include "fhir/model/document.hpp"
#include "mappings/engine/mapset.hpp"
#include "mappings/engine/report.hpp"

namespace causeway::mappings {

/// A resource to write into a message, with the url other resources may know it by. `Type/id` is always known.
struct SourceResource {
    fhir::Element element;  ///< borrowed: its document outlives the call
    std::string full_url;   ///< of a Bundle entry; may be empty
};

/// What a message built from nothing needs to know. Empty MSH fields are taken from the MessageHeader, if there is one.
struct BackwardContext {
    std::string now;         ///< FHIR instant: MSH-7
    std::string control_id;  ///< MSH-10
    std::string sending_application, sending_facility, receiving_application, receiving_facility;
    std::string version;  ///< MSH-12; empty = the plan's setting `v2-version`
    std::string processing_id = "P";
    std::string event;   ///< MSH-9.2; empty = the first event of the message
    std::string anchor;  ///< full_url or Type/id of the one resource the message is about; empty = all that fit
};

struct BackwardResult {
    std::string er7;  ///< segments end in CR; empty when refused
    bool refused = false;
    Issues issues;
    Trace trace;  ///< `resource` counts the input resources; `source` is the place in er7
};

/// Builds one message of a structure (e.g. "OML_O21") from resources closed over their references.
BackwardResult backward(const Plan& plan, std::span<const SourceResource> resources, std::string_view structure,
                        const BackwardContext& context);

/// The entries of a Bundle (contained in it as `entry.resource`) as input; any other resource alone.
std::vector<SourceResource> resources_of(const fhir::Document& document);

}  // namespace causeway::mappings
