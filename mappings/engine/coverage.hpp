#pragma once
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "hl7v2/message_view.hpp"
#include "mappings/engine/mapset.hpp"

namespace causeway::mappings {

/// What the maps were seen to do, compared with the tables of an implementation guide.
///
/// A row of such a table says: this field, component or segment of a message goes to that element. It counts as covered
/// when a value of that place arrived at that element in an observed message - however the maps are written - or when a
/// line of ours says just that and its place was read in a message in which a line above it had already written the
/// element.
class Coverage {
public:
    explicit Coverage(PlanPtr plan);

    /// Runs a message forward and notes where each of its values arrived.
    void observe(const hl7v2::MessageView& message);
    std::size_t messages() const noexcept { return messages_; }

    /// One row that names a target.
    struct Row {
        std::uint32_t line = 0;  ///< of the file
        std::string source;      ///< "PID-3", "CX.4", "ORU_R01 PID"; empty: a constant
        std::string target;      ///< as the guide writes it, under its type: "Patient.identifier[1].value"
        bool covered = false;
        std::string why;  ///< not covered: where the value goes, which line did not fire, or that there is none
    };
    /// `name` is the file's, which says what its table is about ("... PID[Patient] - PID.csv"); `text` is its content.
    std::vector<Row> compare(std::string_view name, std::string_view text) const;
    /// Whether a row's value was seen at another place than the guide's: "Patient.name.suffix", `Patient.x.code="MDIR"`
    /// for a constant, a resource type for a segment of a message ("ADT_A01 ROL").
    bool carried(std::string_view source, std::string_view place) const;

private:
    struct Arrival {
        std::uint8_t component, subcomponent;
        std::string type, path;  ///< "Patient", "identifier.value"
        auto operator<=>(const Arrival&) const = default;
    };
    struct Constant {
        std::string path, value;
        auto operator<=>(const Constant&) const = default;
    };
    struct GuideTarget;
    struct Source;

    void note_types(std::string_view field_type, std::uint8_t component, std::uint8_t subcomponent,
                    std::string_view type, std::string_view path);
    bool arrived(const Source& source, const GuideTarget& target) const;
    bool constant_made(const GuideTarget& target, std::string_view value) const;
    std::string find_line(const Source& source, const GuideTarget& target, bool read_only) const;
    std::string explain(const Source& source, const GuideTarget& target) const;

    PlanPtr plan_;
    std::size_t messages_ = 0;
    std::map<std::string, std::set<Arrival>, std::less<>> by_field_;     ///< "PID-3"
    std::map<std::string, std::set<Arrival>, std::less<>> by_datatype_;  ///< "CX"
    std::map<std::string, std::set<Constant>, std::less<>> constants_;   ///< by resource type, and by type within
    std::set<std::string, std::less<>> read_;                            ///< "PID-3", "PID-3.4"
    std::set<std::string, std::less<>> segments_;                        ///< "ORU_R01 PID Patient"
};

}  // namespace causeway::mappings
