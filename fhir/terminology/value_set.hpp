#pragma once
#include <cstdint>
#include <string_view>
#include <vector>

namespace causeway::fhir {

/// What a value set says, as it says it: nothing is expanded here. Views borrow the definitions.
struct ValueSet {
    struct Code {
        std::string_view code;
        std::string_view display;
    };
    struct Filter {
        std::string_view property;
        std::string_view op;
        std::string_view value;
    };
    /// One include or exclude: a system with codes or filters (or all of it), and/or other value sets; all must hold.
    struct Part {
        bool is_exclude = false;
        std::string_view system;
        std::string_view version;
        std::vector<std::string_view> value_sets;
        std::vector<Code> codes;
        std::vector<std::uint32_t> sorted;  ///< indexes into codes by code, where there are many
        std::vector<Filter> filters;

        const Code* find(std::string_view code) const noexcept;
        void index();
    };

    std::string_view url;
    std::string_view version;
    std::string_view name;
    std::vector<Part> parts;
};

struct ConceptMap {
    struct Mapping {
        std::string_view code;
        std::string_view target;  ///< empty for unmatched
        std::string_view equivalence;
        std::string_view comment = {};
        std::string_view display = {};  ///< of the target, if the map gives one
        bool depends = false;           ///< dependsOn is there: it holds only under conditions
    };
    struct Group {
        std::string_view source;
        std::string_view target;
        std::vector<Mapping> mappings;
        std::string_view unmapped_mode = {};  ///< provided, fixed, other-map
        std::string_view unmapped_code = {};
        std::string_view unmapped_display = {};
        std::string_view unmapped_map = {};
    };
    std::string_view url;
    std::string_view version;
    std::string_view name;
    std::string_view source;  ///< value set
    std::string_view target;
    std::vector<Group> groups;
};

}  // namespace causeway::fhir
