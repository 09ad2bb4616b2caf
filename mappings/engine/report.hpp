#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "fhir/model/document.hpp"

namespace causeway::mappings {

enum class Severity : std::uint8_t { note, warning, error };

/// One fault met while mapping. Holds codes and paths, never a clinical value.
struct Issue {
    Severity severity = Severity::warning;
    std::string code;     ///< R3xx (language reference, "Messages to people")
    std::string v2_path;  ///< e.g. "PID[1]-7[1]"; empty if no field is concerned
    std::string text;
    std::uint32_t line = 0;  ///< index into the plan's lines, 0 = none
};
using Issues = std::vector<Issue>;

/// A place in a v2 message that holds one value, with its bytes.
struct V2Leaf {
    std::uint32_t segment = 0;  ///< number of the segment in the message, from 0
    std::uint16_t field = 0;
    std::uint16_t repetition = 1;
    std::uint8_t component = 1;
    std::uint8_t subcomponent = 1;
    std::uint32_t offset = 0;  ///< first byte in the message
    std::uint32_t length = 0;

    friend bool operator==(const V2Leaf&, const V2Leaf&) = default;
};

/// Which map line connects which v2 leaf with which FHIR element; recorded while a map runs, in either direction.
///
/// Elements are named by node, valid while the documents of the result live; fhir::path_of() turns one into text. An
/// entry without a source (`has_source` false) is a constant: `set`, `default`, a slice's constraint.
struct TraceEntry {
    const fhir::Node* node = nullptr;  ///< the leaf
    std::uint32_t resource = 0;        ///< index into the result's resources (backward: into the input)
    std::uint32_t line = 0;            ///< index into the plan's lines
    bool has_source = false;
    V2Leaf source;
};
using Trace = std::vector<TraceEntry>;

/// A valued place of the message that no line of the map read.
struct ResidueEntry {
    V2Leaf leaf;
    std::string path;   ///< e.g. "ZLB[1]-2[1].1.1"
    bool kept = false;  ///< the map says `keep` for its segment: residue on purpose
};
using Residue = std::vector<ResidueEntry>;

}  // namespace causeway::mappings
