#pragma once
#include <functional>

#include "gateway/terminology/import.hpp"
#include "gateway/terminology/records.hpp"
#include "gateway/terminology/system_writer.hpp"

namespace causeway::terminology {

// One function per publisher's format; import.cpp alone calls them.

struct ImportJob {
    std::span<const std::filesystem::path> files;
    const ImportOptions& options;
    SystemWriter& out;
    ImportReport& report;

    void name(std::int64_t id, std::string_view language, std::string_view use, std::string_view value) {
        if (value.empty()) return;
        out.add_designation(id, language, use, value);
        ++report.names;
    }
    void property(std::int64_t id, std::string_view property, std::string_view value, bool is_code = false) {
        if (value.empty()) return;
        out.add_property(id, property, value, is_code);
        ++report.properties;
    }
    void parent(std::int64_t child, std::int64_t parent) {
        if (child == 0 || parent == 0) return;
        out.add_parent(child, parent);
        ++report.links;
    }
};

void import_loinc(ImportJob& job);
void import_snomed(ImportJob& job);
void import_rxnorm(ImportJob& job);
void import_icd10cm(ImportJob& job);
void import_cvx(ImportJob& job);
void import_ndc(ImportJob& job);

}  // namespace causeway::terminology
