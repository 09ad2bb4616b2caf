#pragma once
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "fhir/model/document.hpp"
#include "hl7v2/message_view.hpp"
#include "mappings/engine/mapset.hpp"
#include "mappings/engine/report.hpp"

namespace causeway::mappings {

/// What a forward run may not find out by itself.
struct ForwardContext {
    std::string now;  ///< FHIR instant for now()
    std::string
        time_zone;  ///< of v2 times without offset: an IANA name or an offset; empty = the plan's setting `timezone`
    std::string sender;  ///< names the message's origin in keys; empty = MSH-4 and MSH-3
    std::string tenant;  ///< keeps the ids of two installations' data apart; may be empty
};

/// One resource a message yields. Its url and keys lie in the result's memory: they are valid while the result lives.
struct MappedResource {
    std::string_view type;      ///< as R4's tables name it
    fhir::DocumentPtr doc;      ///< references inside to resources of the same result are their full_url
    std::string_view full_url;  ///< "urn:uuid:…", uuid5 of the first identity key: the same for the same message
    std::span<const std::string_view> identity_keys;  ///< most specific first, e.g. "Patient|urn:oid:1.2.3|483921"
    bool from_identity_only = false;                  ///< made to be referred to; has nothing but an identifier
    std::vector<std::string> erased;  ///< FHIRPaths of elements the sender deletes (`""`), e.g. "Patient.birthDate"
};

/// Something the message asks for beyond the content of resources; indexes into ForwardResult::resources.
struct Event {
    enum class Kind : std::uint8_t { merge, link, unlink, move, change_identifier };
    Kind kind = Kind::merge;
    std::uint32_t survivor = 0;  ///< merge: the record that stays; otherwise the first named
    std::uint32_t other = 0;     ///< merge: the record that is retired
};

struct ForwardResult {
    bool refused = false;    ///< an issue of severity error stopped the message: no resource may be stored
    std::string structure;   ///< e.g. "ORU_R01"
    std::string event;       ///< e.g. "R01"
    std::string control_id;  ///< MSH-10
    std::vector<MappedResource> resources;
    std::vector<Event> events;
    Issues issues;
    Trace trace;
    Residue residue;
    std::size_t leaves = 0;  ///< valued places of the message, delimiters apart; residue.size() of them were not read
    std::vector<std::shared_ptr<const void>> memory;  ///< what the resources' texts lie in
};

/// Gives a resource of the result other keys.
void replace_keys(ForwardResult& result, MappedResource& resource, std::vector<std::string> keys);

/// Runs the plan's map for the message's structure (MSH-9.3, else by event). Bad data is an issue; nothing throws.
/// The result borrows nothing from `message`.
ForwardResult forward(const Plan& plan, const hl7v2::MessageView& message, const ForwardContext& context);

/// The resources as a Bundle of type `message` when the first one is a MessageHeader, otherwise `collection`.
fhir::DocumentPtr to_bundle(const ForwardResult& result, const ForwardContext& context);

/// The bytes of that Bundle, appended to `out`: the same without building it.
void write_bundle(const ForwardResult& result, const ForwardContext& context, std::string& out);

}  // namespace causeway::mappings
