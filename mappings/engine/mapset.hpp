#pragma once
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "mappings/engine/diagnostic.hpp"

namespace causeway::mappings {

/// Everything one site does with messages of one HL7 v2 version, compiled and immutable (engine/plan.hpp).
/// Safe to use from any number of threads; keep the pointer as long as a result made with it is looked at.
struct Plan;
using PlanPtr = std::shared_ptr<const Plan>;

/// The maps of an installation: the shipped library, the operator's own files, and the sites built on them.
///
/// Immutable. Reloading is loading another MapSet aside and swapping the pointer; jobs in flight keep theirs.
class MapSet {
public:
    struct Loaded {
        std::shared_ptr<const MapSet> maps;  ///< null when a diagnostic is an error
        Diagnostics diagnostics;
    };

    /// Parses, resolves and compiles everything (each site for version 2.5.1), and reports every fault in one run.
    static Loaded load(std::vector<MapSource> sources);

    /// The maps compiled into the program, in loading order. Append your own files before calling load().
    static std::vector<MapSource> builtin();

    /// The plan of a site ("" = the library alone) for messages of an HL7 v2 version; an unknown version gets 2.5.1's
    /// rules. Null for an unknown site. Built on first use and kept; building takes some ten milliseconds.
    PlanPtr plan(std::string_view site = {}, std::string_view version = "2.5.1") const;

    std::vector<std::string> sites() const;
    const std::vector<MapSource>& sources() const noexcept;

    ~MapSet();
    MapSet(const MapSet&) = delete;
    MapSet& operator=(const MapSet&) = delete;

private:
    struct State;
    explicit MapSet(std::unique_ptr<State> state);
    std::unique_ptr<State> state_;
};

/// Message structures a plan can map, e.g. "ORU_R01".
std::vector<std::string> message_structures(const Plan& plan);

}  // namespace causeway::mappings
