#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace causeway::exchange {

/// What is kept of a message's mapping: a JSON object for people, and the lineage in its stored form behind it.
std::string join_trace(std::string json, const std::vector<std::string>& resources, std::string_view lineage);
/// The two parts; the second is empty for a message that was not mapped.
std::pair<std::string_view, std::string_view> split_trace(std::string_view kept) noexcept;

/// Which part of a lineage is asked for; empty members ask for nothing in particular.
struct LineageQuery {
    std::string resource;  ///< "Patient/17"
    std::string element;   ///< "Patient.birthDate", and what stands below it
    std::string place;     ///< "PID-7", "OBX[3]-5"
    std::optional<std::uint32_t> byte;
};

/// `{"lineage":[{"resource","element","source","offset","length","line"}..],"residue":["ZLB[1]-1[1].1.1"..]}`: which
/// field made which element by which line, either way round. The residue comes where nothing in particular is asked.
/// At most 5,000 entries; `left_out` says how many more there are.
/// Nothing if the bytes are no lineage.
std::optional<std::string> lineage_json(std::string_view stored, const LineageQuery& query);

/// A Bundle with one Provenance for each resource the message wrote. Nothing if the bytes are no lineage.
std::optional<std::string> provenance_json(std::string_view stored, std::string_view kind, std::string_view control_id,
                                           std::string_view sender, std::string_view recorded);

}  // namespace causeway::exchange
