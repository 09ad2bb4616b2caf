#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "mappings/engine/forward.hpp"

namespace causeway::mappings {

/// Where one FHIR element came from, as it is kept beside the resources.
struct LineageEntry {
    std::uint32_t resource = 0;  ///< index into Lineage::resources
    std::string element;         ///< "Patient.birthDate"
    std::uint32_t line = 0;      ///< index into Lineage::lines; 0 = none
    bool has_source = false;     ///< false: a constant of the map
    V2Leaf source;
};

/// The trace and the residue of one conversion in a form that outlives plan, documents and message: which field made
/// which element through which line, and which fields made none.
class Lineage {
public:
    /// Nothing if the bytes are not a stored lineage.
    static std::optional<Lineage> load(std::string_view stored);

    /// How the resources are known where this is kept (Type/id), or their full urls.
    const std::vector<std::string>& resources() const noexcept { return resources_; }
    const std::vector<std::string>& lines() const noexcept { return lines_; }  ///< "file:line (site)"; [0] is empty
    const std::vector<LineageEntry>& entries() const noexcept { return entries_; }
    const std::vector<V2Leaf>& residue() const noexcept { return residue_; }
    /// "PID[1]-7[1].1.1"
    std::string name_of(const V2Leaf& leaf) const;

    /// What an element, or what stands below it, was made from. `resource` as in resources().
    std::vector<const LineageEntry*> of_element(std::string_view resource, std::string_view element) const;
    /// What a place of the message became; a position that states less means all below it (field 0: the segment).
    std::vector<const LineageEntry*> of_place(std::uint32_t segment, std::uint16_t field = 0,
                                              std::uint16_t repetition = 0, std::uint8_t component = 0) const;
    /// The same by name: "PID-7", "OBX[3]-5.1"; a segment without a number is any of that name.
    std::vector<const LineageEntry*> of_place(std::string_view place) const;
    /// What the byte at `offset` of the message became.
    std::vector<const LineageEntry*> of_byte(std::uint32_t offset) const;

private:
    std::vector<std::string> resources_, lines_, segments_;
    std::vector<std::uint32_t> ordinals_;  ///< of each segment among those of its name
    std::vector<LineageEntry> entries_;    ///< by resource, in the order of its document
    std::vector<std::uint32_t> by_place_;  ///< entries with a source, by offset
    std::vector<V2Leaf> residue_;
};

/// The stored form of a conversion's lineage, some ten bytes per element, without the resources' names: those may not be
/// known yet. Written in one walk over the documents, because it is done for every message.
std::string lineage_of(const Plan& plan, const ForwardResult& result, const hl7v2::MessageView& message);
/// Makes what Lineage::load reads: `names`, one per resource of the result in their order (Type/id, a url), and that.
std::string store_lineage(const std::vector<std::string>& names, std::string_view lineage);

/// What a Provenance says beside the lineage.
struct ProvenanceContext {
    std::string recorded;    ///< instant
    std::string message;     ///< what the source is, e.g. "HL7 v2 message ADT^A01"
    std::string control_id;  ///< MSH-10; may be empty
    std::string sender;      ///< "GENERAL|ADT"; may be empty
};

/// One Provenance per resource: what it was made from (the message), when, and - as extensions with the url
/// `urn:causeway:lineage` - which element from which field by which line.
std::vector<fhir::DocumentPtr> provenance(const Lineage& lineage, const ProvenanceContext& context);
/// The same straight after a conversion.
std::vector<fhir::DocumentPtr> provenance(const Plan& plan, const ForwardResult& result,
                                          const hl7v2::MessageView& message, const ForwardContext& context);

}  // namespace causeway::mappings
